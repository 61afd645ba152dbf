import { Type } from 'typebox';
import { portExample } from '../allocations/examples.ts';
import { allocationSchema, mostPorts, nodeSelection } from '../allocations/schema.ts';
import { nullable, refusal, refusals, replayHeaders } from '../input/schemas.ts';

/** Longest life that can be asked for at once, in seconds. */
const longestTtlSeconds = 3600;

const ttl = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: longestTtlSeconds,
    description: 'Seconds the ports are held; 120 where absent.',
  }),
);

// Some databases store no NUL.
const text = { maxLength: 191, pattern: '^[^\\u0000]*$' };

const portRange = Type.String({ description: '`from-to`.', examples: ['25565-25665'] });
const ip = Type.String(text);

const wishes = {
  ...nodeSelection,
  consecutive: Type.Optional(Type.Boolean({ description: 'Neighbouring ports on one address.' })),
  same_ip: Type.Optional(Type.Boolean({ description: 'All on one address.' })),
  port_range: Type.Optional(portRange),
  ip: Type.Optional(ip),
  prefer: Type.Optional(
    Type.Enum(['least-used', 'most-used', 'random', 'lowest'], {
      description:
        'Which nodes are tried first, by the share of their ports that is taken; `lowest` takes the lowest node, address and port. `least-used` where absent.',
    }),
  ),
  ttl_seconds: ttl,
  reference: Type.Optional(
    Type.String({ ...text, description: "The caller's own order or customer number." }),
  ),
};

const count = Type.Integer({ minimum: 1, maximum: mostPorts });

/** Body of a claim, after clean-up. */
export const claimSchema = Type.Object(
  { ...wishes, count },
  { examples: [{ location_ids: [1], memory: 4096, disk: 20_480, count: 2, consecutive: true }] },
);

/** Body of a replacement: what is absent stays as it was asked before; `null` drops a range or an address. */
export const replacementSchema = Type.Object(
  {
    ...wishes,
    count: Type.Optional(count),
    port_range: Type.Optional(nullable(portRange)),
    ip: Type.Optional(nullable(ip)),
  },
  { examples: [{}, { port_range: '25600-25700' }, { ip: null }] },
);

/** Body of an extension. */
export const extensionSchema = Type.Object(
  { ttl_seconds: Type.Integer({ minimum: 1, maximum: longestTtlSeconds, description: 'From now on.' }) },
  { examples: [{ ttl_seconds: 600 }] },
);

/** Path of a claim. */
export const claimParams = Type.Object({ claim: Type.String({ description: 'A UUID.' }) });

const claimExample = {
  object: 'allocation_claim',
  attributes: {
    id: '0f2b1a63-5d0e-4f4a-9f0b-6c3a4f1b2d77',
    node_id: 1,
    status: 'held',
    reference: 'order 4711',
    expires_at: '2026-10-05T09:32:00+00:00',
    created_at: '2026-10-05T09:30:00+00:00',
    relationships: { allocations: { object: 'list', data: [portExample] } },
  },
};

/** A claim. */
export const claimAnswerSchema = Type.Object(
  {
    object: Type.Literal('allocation_claim'),
    attributes: Type.Object({
      id: Type.String({ description: 'A UUID.' }),
      node_id: Type.Integer(),
      status: Type.Enum(['held', 'used', 'released', 'expired', 'lost']),
      reference: Type.Union([Type.String(), Type.Null()]),
      expires_at: Type.String({ format: 'date-time' }),
      created_at: Type.String({ format: 'date-time' }),
      relationships: Type.Object({
        allocations: Type.Object({ object: Type.Literal('list'), data: Type.Array(allocationSchema) }),
      }),
    }),
  },
  { description: 'The claim, as it stands', examples: [claimExample] },
);

/** A claim that was made, or made before by the same request. */
export const madeClaimSchema = Type.Object(claimAnswerSchema.properties, {
  description: 'The claim, as it was made',
  examples: [claimExample],
  headers: replayHeaders,
});

const needsTables = refusal('The own tables are not there', {
  code: 'MigrationRequired',
  status: '501',
  detail: 'This needs tables that are not there yet: run "panel-sidecar migrate --panel PATH".',
});

/** Every refusal of the routes of claims. */
export const claimRefusals = { ...refusals, 501: needsTables };

/** Those of the routes that make one. */
export const makingRefusals = {
  ...claimRefusals,
  409: refusal('Nothing fits, or the claim of an earlier request with this Idempotency-Key is over', {
    code: 'no_free_allocation',
    status: '409',
    detail: 'No matching node has 2 neighbouring free ports.',
  }),
  429: refusal("The claims of the key's owner would hold too many ports, or too many requests were sent", {
    code: 'claims_limit',
    status: '429',
    detail: 'Your claims hold 499 ports, and may hold 500: use or release some first.',
  }),
};
