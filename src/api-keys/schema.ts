import { Type } from 'typebox';
import { nullable } from '../input/schemas.ts';
import { permissionNames } from '../panel/permissions.ts';

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
  {
    examples: [
      {
        ...{ description: 'billing', allowed_ips: ['198.51.100.7', '10.0.0.0/8'] },
        ...{ expires_in: 2_592_000, reference: 'order 1042' },
      },
    ],
  },
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
export const rotationSchema = Type.Object(
  {
    grace_seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: longestGraceSeconds,
        description: 'How long the old key works beside the new one; 0 where absent.',
      }),
    ),
  },
  { examples: [{ grace_seconds: 3600 }] },
);

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
export const leakedSchema = Type.Object(
  {
    keys: Type.Array(Type.String({ minLength: fullKeyLength, maxLength: fullKeyLength }), {
      minItems: 1,
      maxItems: 1000,
      description:
        'Full keys of 48 characters: identifier and secret in one. At most 10 without a key of your own.',
    }),
  },
  { examples: [{ keys: ['ptlc_Zx81kQ0aWm2A9b8C7d6E5f4G3h2I1j0K9l8M7n6O5p4'] }] },
);
