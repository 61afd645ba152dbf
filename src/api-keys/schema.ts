import { type TSchema, Type } from 'typebox';
import { idParameter } from '../input/schemas.ts';
import { permissionNames } from '../panel/permissions.ts';
import { extraFields } from './api-key.ts';

/** Most entries of an allow-list. */
const mostAllowedIps = 50;
/** Longest name in a map of them: as the panel writes it, the longest map must fit its TEXT column. */
const longestName = 64;
/** Longest life that can be asked for in seconds: a hundred years. */
const mostSeconds = 100 * 365 * 24 * 60 * 60;
/** Longest overlap of a key with its successor, in seconds: a week. */
export const longestGraceSeconds = 7 * 24 * 60 * 60;
/** Identifier and secret. */
const fullKeyLength = 48;

const example = {
  identifier: 'ptlc_Zx81kQ0aWm2',
  description: 'billing',
  allowed_ips: ['198.51.100.7', '10.0.0.0/8'],
  last_used_at: null,
  created_at: '2026-10-05T09:30:00+00:00',
};

const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);

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
      description: Type.Union([Type.String(), Type.Null()]),
      allowed_ips: Type.Unsafe<readonly string[] | Readonly<Record<string, string>> | null>({
        type: ['array', 'object', 'null'],
        items: { type: 'string' },
        additionalProperties: { type: 'string' },
        description: 'Where the key may be used from; empty or null for anywhere.',
      }),
      last_used_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
      created_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
      ...extraAttributes,
    }),
  },
  { examples: [{ object: 'api_key', attributes: example }] },
);

/** Answer of the list. */
export const apiKeyListSchema = Type.Object(
  { object: Type.Literal('list'), data: Type.Array(apiKeySchema) },
  { description: "The user's account keys, oldest first" },
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

/** An allow-list in a body. A map in place of a list is the panel's own habit. */
const allowedIps = Type.Unsafe<readonly string[] | Readonly<Record<string, string>>>({
  type: ['array', 'object'],
  maxItems: mostAllowedIps,
  maxProperties: mostAllowedIps,
  propertyNames: { maxLength: longestName },
  items: { type: 'string', allowedIp: true },
  additionalProperties: { type: 'string', allowedIp: true },
  description:
    'Addresses, CIDR ranges, first-last ranges or 1.2.3.* the key may be used from; none for anywhere.',
});

const description = Type.String({
  maxLength: 500,
  description: 'What the key is for; unique among the keys of a user.',
});

/** Fields of a key that the panel does not know. */
const lifeFields = {
  expires_at: Type.Optional(
    nullable(Type.String({ description: 'When the key ends, ISO 8601, in the future; null for never.' })),
  ),
  expires_in: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: mostSeconds,
      description: 'Seconds until the key ends, in place of expires_at.',
    }),
  ),
  permissions: Type.Optional(
    nullable(
      Type.Array(Type.Enum(permissionNames), {
        maxItems: permissionNames.length,
        uniqueItems: true,
        description: 'What the key may do; null for everything. Only where scopes are enforced.',
      }),
    ),
  ),
  servers: Type.Optional(
    nullable(
      Type.Array(Type.String({ pattern: '^[0-9A-Fa-f]{8}$' }), {
        maxItems: 100,
        uniqueItems: true,
        description: 'Short identifiers of the servers the key is confined to; null for all.',
      }),
    ),
  ),
  reference: Type.Optional(
    nullable(
      Type.String({
        maxLength: 191,
        pattern: '^[^\\u0000]*$',
        description: "The caller's own order or customer number.",
      }),
    ),
  ),
};

/** Body of a creation, after clean-up. */
export const newKeySchema = Type.Object(
  { description, allowed_ips: Type.Optional(allowedIps), ...lifeFields },
  { examples: [{ description: 'billing', allowed_ips: ['198.51.100.7', '10.0.0.0/8'] }] },
);

/** Body of a change, after clean-up; what is absent stays. */
export const keyChangeSchema = Type.Object(
  {
    description: Type.Optional(description),
    allowed_ips: Type.Optional(nullable(allowedIps)),
    ...lifeFields,
  },
  { examples: [{ description: 'billing 2', expires_at: '2027-01-01T00:00:00Z' }] },
);

/** Body of a rotation. */
export const rotationSchema = Type.Object({
  grace_seconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: longestGraceSeconds,
      description: 'How long the old key works beside the new one; 0 where absent.',
    }),
  ),
});

/** Body of the revocation of a user's keys. */
export const revokeSchema = Type.Object(
  {
    all: Type.Literal(true, { description: 'Must be true: an empty body revokes nothing.' }),
    except: Type.Optional(
      Type.Array(Type.String(), { maxItems: 1000, description: 'Identifiers of keys to keep.' }),
    ),
  },
  { examples: [{ all: true, except: ['ptlc_Zx81kQ0aWm2'] }] },
);

/** Body of the revocation of leaked keys. */
export const leakedSchema = Type.Object({
  keys: Type.Array(Type.String({ minLength: fullKeyLength, maxLength: fullKeyLength }), {
    minItems: 1,
    maxItems: 1000,
    description: 'Full keys of 48 characters.',
  }),
});

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

const keyFilters = {
  description: Type.Optional(Type.String()),
  reference: Type.Optional(Type.String()),
  expired: Type.Optional(Type.Boolean()),
  disabled: Type.Optional(Type.Boolean()),
};

/** Query of a user's keys, after clean-up. */
export const keyListQuery = Type.Object({
  ...fieldsQuery,
  filter: Type.Optional(Type.Object(keyFilters, onlyKnown)),
});

/** Query of the search over all keys, after clean-up. */
export const keySearchQuery = Type.Object({
  ...fieldsQuery,
  cursor: Type.Optional(
    nullable(Type.String({ description: 'Where the page begins; empty for the first.' })),
  ),
  per_page: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  filter: Type.Optional(
    Type.Object(
      {
        ...keyFilters,
        user: Type.Optional(Type.Integer({ minimum: 1, maximum: largestId })),
        unused_since: Type.Optional(Type.String({ description: 'ISO 8601.' })),
        never_used: Type.Optional(Type.Boolean()),
        expires_before: Type.Optional(Type.String({ description: 'ISO 8601.' })),
        has_ip_restriction: Type.Optional(Type.Boolean()),
        permission: Type.Optional(Type.Enum(permissionNames)),
        owner_is_admin: Type.Optional(Type.Boolean()),
      },
      onlyKnown,
    ),
  ),
});

/** Answer of the search. */
export const keySearchSchema = Type.Object({
  object: Type.Literal('list'),
  data: Type.Array(apiKeySchema),
  meta: Type.Object({ cursor: Type.Object({ next: nullable(Type.String()), per_page: Type.Integer() }) }),
});

/** Answer to the revocation of a user's keys. */
export const revokedKeysSchema = Type.Object({
  object: Type.Literal('list'),
  data: Type.Array(
    Type.Object({
      object: Type.Literal('revoked_api_key'),
      attributes: Type.Object({ identifier: Type.String() }),
    }),
  ),
});

/** Answer to the revocation of leaked keys, to a caller who may know which were real. */
export const leakedAnswerSchema = Type.Object({
  object: Type.Literal('list'),
  data: Type.Array(
    Type.Object({
      object: Type.Literal('key_revocation'),
      attributes: Type.Object({ index: Type.Integer(), revoked: Type.Boolean() }),
    }),
  ),
});

/** Answer to the revocation of leaked keys, to anyone else. */
export const leakedReceiptSchema = Type.Object({
  object: Type.Literal('key_revocation_receipt'),
  attributes: Type.Object({ received: Type.Integer() }),
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
