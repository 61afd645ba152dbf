import { Type } from 'typebox';
import { idParameter } from '../input/schemas.ts';

/** Most entries of an allow-list. */
const mostAllowedIps = 50;
/** Longest name in a map of them: as the panel writes it, the longest map must fit its TEXT column. */
const longestName = 64;

const example = {
  identifier: 'ptlc_Zx81kQ0aWm2',
  description: 'billing',
  allowed_ips: ['198.51.100.7', '10.0.0.0/8'],
  last_used_at: null,
  created_at: '2026-10-05T09:30:00+00:00',
};

/** A key as every answer shows it: never with its secret. */
const apiKey = Type.Object(
  {
    object: Type.Literal('api_key'),
    attributes: Type.Object({
      identifier: Type.String({ description: 'The first 16 characters of the key.' }),
      description: Type.Union([Type.String(), Type.Null()]),
      allowed_ips: Type.Unsafe<readonly string[] | Readonly<Record<string, string>> | null>({
        type: ['array', 'object', 'null'],
        items: { type: 'string' },
        additionalProperties: { type: 'string' },
        description: 'Where the key may be used from; empty or null for anywhere.',
      }),
      last_used_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
      created_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
    }),
  },
  { examples: [{ object: 'api_key', attributes: example }] },
);

/** Answer of the list. */
export const apiKeyListSchema = Type.Object(
  { object: Type.Literal('list'), data: Type.Array(apiKey) },
  { description: "The user's account keys, oldest first" },
);

/** Answer to a creation. */
export const createdKeySchema = Type.Object(
  {
    ...apiKey.properties,
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

/** Body of a creation, after clean-up. A map in place of a list is the panel's own habit. */
export const newKeySchema = Type.Object(
  {
    description: Type.String({
      maxLength: 500,
      description: 'What the key is for; unique among the keys of a user.',
    }),
    allowed_ips: Type.Optional(
      Type.Unsafe<readonly string[] | Readonly<Record<string, string>>>({
        type: ['array', 'object'],
        maxItems: mostAllowedIps,
        maxProperties: mostAllowedIps,
        propertyNames: { maxLength: longestName },
        items: { type: 'string', allowedIp: true },
        additionalProperties: { type: 'string', allowedIp: true },
        description:
          'Addresses, CIDR ranges, first-last ranges or 1.2.3.* the key may be used from; none for anywhere.',
      }),
    ),
  },
  { examples: [{ description: 'billing', allowed_ips: ['198.51.100.7', '10.0.0.0/8'] }] },
);

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
