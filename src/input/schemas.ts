import { type TSchema, Type } from 'typebox';

/** The panel's error envelope, for the documentation. */
export const errorSchema = Type.Object(
  {
    errors: Type.Array(
      Type.Object({
        code: Type.String({ description: "Short name of the panel's exception." }),
        status: Type.String(),
        detail: Type.String(),
        meta: Type.Optional(Type.Object({ source_field: Type.String(), rule: Type.String() })),
      }),
    ),
  },
  {
    description: 'Refused',
    examples: [{ errors: [{ code: 'AuthenticationException', status: '401', detail: 'Unauthenticated.' }] }],
  },
);

/** Every refusal a guarded route can answer, for its documentation. */
export const refusals = { '4xx': errorSchema, '5xx': errorSchema };

/** A refusal with its reason, for the documentation. @param example Its code, status and text. */
export const refusal = (description: string, example: { code: string; status: string; detail: string }) =>
  Type.Object(errorSchema.properties, { description, examples: [{ errors: [example] }] });

/** Headers of an answer that a repeat with the same Idempotency-Key gets again, for the documentation. */
export const replayHeaders = {
  'idempotent-replayed': {
    type: 'string',
    description: '`true` where this repeats the answer of an earlier request; absent otherwise.',
    example: 'true',
  },
};

/** A row id in a path. What does not match names nothing: 404. */
export const idParameter = (description: string) =>
  Type.String({ pattern: '^[1-9][0-9]{0,9}$', description, examples: ['1'] });

/** What may be null too. */
export const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);
