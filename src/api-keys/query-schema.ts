import { Type } from 'typebox';
import { idParameter, nullable } from '../input/schemas.ts';
import { permissionNames } from '../panel/permissions.ts';
import { extraFields } from './api-key.ts';

/** Query of every answer that shows keys. */
export const fieldsQuery = {
  fields: Type.Optional(
    Type.Unsafe<unknown>({
      description: `Extra attributes to show in any case, with commas between: ${extraFields.join(', ')}.`,
      examples: ['expires_at,disabled'],
    }),
  ),
};

/** A filter that is spelled wrong would answer with every key: it is refused. */
const onlyKnown = { additionalProperties: false };
/** The largest row id that every database can compare. */
const largestId = 2_147_483_647;

/** What a stored text can hold: some databases refuse to compare anything else. */
const storable = '^[^\\u0000\\ud800-\\udfff]*$';

const keyFilters = {
  description: Type.Optional(
    Type.String({ pattern: storable, description: 'Part of the description, in any case.' }),
  ),
  reference: Type.Optional(Type.String({ pattern: storable, description: 'The whole reference.' })),
  expired: Type.Optional(Type.Boolean({ description: 'Whether the end has come.' })),
  disabled: Type.Optional(Type.Boolean()),
};

/** Query of a user's keys, after clean-up. */
export const keyListQuery = Type.Object({
  ...fieldsQuery,
  filter: Type.Optional(Type.Object(keyFilters, { ...onlyKnown, examples: [{ expired: true }] })),
});

const isoTime = (description: string) =>
  Type.Optional(Type.String({ description: `${description} ISO 8601.`, examples: ['2026-01-01T00:00:00Z'] }));

/** Query of the search over all keys, after clean-up. */
export const keySearchQuery = Type.Object({
  ...fieldsQuery,
  cursor: Type.Optional(
    nullable(Type.String({ description: 'Where the page begins: meta.cursor.next, empty for the first.' })),
  ),
  per_page: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100, description: 'Keys on a page; 50 where absent.' }),
  ),
  filter: Type.Optional(
    Type.Object(
      {
        ...keyFilters,
        user: Type.Optional(
          Type.Integer({ minimum: 1, maximum: largestId, description: 'Row id of the owner.' }),
        ),
        unused_since: isoTime('Neither used nor made since then.'),
        never_used: Type.Optional(Type.Boolean()),
        expires_before: isoTime('Ends by then.'),
        has_ip_restriction: Type.Optional(Type.Boolean()),
        permission: Type.Optional(
          Type.Enum(permissionNames, {
            description: 'A permission that the key is confined to, among others.',
          }),
        ),
        owner_is_admin: Type.Optional(Type.Boolean()),
      },
      { ...onlyKnown, examples: [{ never_used: true, has_ip_restriction: false }] },
    ),
  ),
});

/** Path of a user's keys. */
export const userParams = Type.Object({ user: idParameter('Row id of the user.') });

/** Path of one key. */
export const keyParams = Type.Object({
  ...userParams.properties,
  identifier: Type.String({
    pattern: '^[A-Za-z0-9_]{16}$',
    description: 'The first 16 characters of the key.',
  }),
});
