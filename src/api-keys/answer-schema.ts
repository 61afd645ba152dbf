import { Type } from 'typebox';
import { nullable } from '../input/schemas.ts';

const example = {
  identifier: 'ptlc_Zx81kQ0aWm2',
  description: 'billing',
  allowed_ips: ['198.51.100.7', '10.0.0.0/8'],
  last_used_at: null,
  created_at: '2026-10-05T09:30:00+00:00',
};

/** Shown where they say something, or where `fields` asks. */
const extraAttributes = {
  user_id: Type.Optional(Type.Integer()),
  expires_at: Type.Optional(nullable(Type.String({ format: 'date-time' }))),
  disabled: Type.Optional(Type.Boolean()),
  permissions: Type.Optional(nullable(Type.Array(Type.String()))),
  servers: Type.Optional(nullable(Type.Array(Type.String()))),
  reference: Type.Optional(nullable(Type.String())),
  rotated_from: Type.Optional(nullable(Type.String())),
};

/** A key as every answer shows it: never with its secret. */
export const apiKeySchema = Type.Object(
  {
    object: Type.Literal('api_key'),
    attributes: Type.Object({
      identifier: Type.String({ description: 'The first 16 characters of the key.' }),
      description: nullable(Type.String()),
      allowed_ips: Type.Unsafe<readonly string[] | Readonly<Record<string, string>> | null>({
        type: ['array', 'object', 'null'],
        items: { type: 'string' },
        additionalProperties: { type: 'string' },
        description: 'Where the key may be used from; empty or null for anywhere.',
      }),
      last_used_at: nullable(Type.String({ format: 'date-time' })),
      created_at: nullable(Type.String({ format: 'date-time' })),
      ...extraAttributes,
    }),
  },
  { description: 'The key', examples: [{ object: 'api_key', attributes: example }] },
);

/** Answer of the list. */
export const apiKeyListSchema = Type.Object(
  { object: Type.Literal('list'), data: Type.Array(apiKeySchema) },
  {
    description: "The user's account keys, oldest first",
    examples: [{ object: 'list', data: [{ object: 'api_key', attributes: example }] }],
  },
);

/** Answer to a creation. */
export const createdKeySchema = Type.Object(
  {
    ...apiKeySchema.properties,
    meta: Type.Object({
      secret_token: Type.String({
        description:
          'The last 32 characters of the key, shown this once. The key is identifier and secret in one.',
      }),
    }),
  },
  {
    description: 'Created',
    examples: [
      { object: 'api_key', attributes: example, meta: { secret_token: 'A9b8C7d6E5f4G3h2I1j0K9l8M7n6O5p4' } },
    ],
  },
);

/** Answer of the search. */
export const keySearchSchema = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(apiKeySchema),
    meta: Type.Object({
      cursor: Type.Object({
        next: nullable(Type.String({ description: 'Cursor of the next page; null at the end.' })),
        per_page: Type.Integer(),
      }),
    }),
  },
  {
    description: 'A page of account keys, newest first',
    examples: [
      {
        object: 'list',
        data: [{ object: 'api_key', attributes: { ...example, user_id: 7 } }],
        meta: { cursor: { next: 'WzQyXQ', per_page: 50 } },
      },
    ],
  },
);

/** Answer to the revocation of a user's keys. */
export const revokedKeysSchema = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(
      Type.Object({
        object: Type.Literal('revoked_api_key'),
        attributes: Type.Object({ identifier: Type.String() }),
      }),
    ),
  },
  {
    description: 'The keys that are gone now',
    examples: [
      {
        object: 'list',
        data: [{ object: 'revoked_api_key', attributes: { identifier: 'ptlc_Zx81kQ0aWm2' } }],
      },
    ],
  },
);

/** Answer to the revocation of leaked keys, to a caller who may know which were real. */
export const leakedAnswerSchema = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(
      Type.Object({
        object: Type.Literal('key_revocation'),
        attributes: Type.Object({
          index: Type.Integer({ description: 'Place of the key in what was sent, from 0.' }),
          revoked: Type.Boolean({ description: 'Whether it was real, and is gone now.' }),
        }),
      }),
    ),
  },
  {
    description: 'To a caller who may write users: which of the keys were real',
    examples: [
      { object: 'list', data: [{ object: 'key_revocation', attributes: { index: 0, revoked: true } }] },
    ],
  },
);

/** Answer to the revocation of leaked keys, to anyone else. */
export const leakedReceiptSchema = Type.Object(
  {
    object: Type.Literal('key_revocation_receipt'),
    attributes: Type.Object({ received: Type.Integer() }),
  },
  {
    description: 'To anyone else: how many keys were sent',
    examples: [{ object: 'key_revocation_receipt', attributes: { received: 1 } }],
  },
);
