import { type TSchema, Type } from 'typebox';
import { idParameter } from '../input/schemas.ts';
import {
  acrossNodesExample,
  cursorPageExample,
  numberedPageExample,
  runsExample,
  summaryExample,
} from './examples.ts';

/** Most ports of one run or claim. */
export const mostPorts = 100;

/** A port. */
export const allocationSchema = Type.Object({
  object: Type.Literal('allocation'),
  attributes: Type.Object({
    id: Type.Integer(),
    ip: Type.String(),
    alias: Type.Union([Type.String(), Type.Null()]),
    port: Type.Integer(),
    notes: Type.Union([Type.String(), Type.Null()]),
    assigned: Type.Boolean(),
    held_until: Type.Optional(
      Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
        description: 'Until when a claim holds the port; only with `include_held`.',
      }),
    ),
    relationships: Type.Optional(Type.Object({}, { description: 'What `include` asked for.' })),
  }),
});

const node = Type.Object(
  {
    id: Type.Integer(),
    uuid: Type.Union([Type.String(), Type.Null()]),
    name: Type.String(),
    fqdn: Type.String(),
    location: Type.Optional(
      Type.Union([
        Type.Object({
          id: Type.Integer(),
          short: Type.String(),
          long: Type.Union([Type.String(), Type.Null()]),
        }),
        Type.Null(),
      ]),
    ),
  },
  {
    description: 'The node, for callers who may read nodes; its location, for those who may read locations.',
  },
);

/** A run of neighbouring free ports. */
const runSchema = Type.Object({
  object: Type.Literal('allocation_run'),
  attributes: Type.Object({
    node_id: Type.Integer(),
    ip: Type.String(),
    from: Type.Integer(),
    to: Type.Integer(),
    ids: Type.Array(Type.Integer(), { description: 'Row ids of its ports, in order.' }),
    held_until: Type.Optional(
      Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
        description: 'Until when the last of its ports is held; only with `include_held`.',
      }),
    ),
  }),
});

const cursor = Type.Object(
  {
    next: Type.Union([Type.String(), Type.Null()], { description: 'Null at the end.' }),
    per_page: Type.Integer(),
  },
  { description: 'In place of `pagination`, where the page began at a cursor.' },
);

/** Answer of the list of one node. */
export const allocationListSchema = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(Type.Union([allocationSchema, runSchema])),
    meta: Type.Object({
      cursor: Type.Optional(cursor),
      pagination: Type.Optional(
        Type.Object({
          total: Type.Integer(),
          count: Type.Integer(),
          per_page: Type.Integer(),
          current_page: Type.Integer(),
          total_pages: Type.Integer(),
          links: Type.Object({ previous: Type.Optional(Type.String()), next: Type.Optional(Type.String()) }),
        }),
      ),
      node: Type.Optional(node),
    }),
  },
  {
    description:
      "The node's free ports, oldest first unless sorted otherwise; with `consecutive`, runs of neighbours",
    examples: [numberedPageExample, cursorPageExample, runsExample],
  },
);

/** A port in a list across nodes, which tells of which it is. */
const portOfNodeSchema = Type.Object({
  object: Type.Literal('allocation'),
  attributes: Type.Object({ ...allocationSchema.properties.attributes.properties, node_id: Type.Integer() }),
});

const summarySchema = Type.Object({
  object: Type.Literal('node_allocation_summary'),
  attributes: Type.Object({
    node_id: Type.Integer(),
    total: Type.Integer(),
    used: Type.Integer({ description: 'Ports that a server has.' }),
    held: Type.Integer({ description: 'Free ports that a claim holds.' }),
    free: Type.Integer(),
  }),
});

/** Answer of the list across nodes. */
export const portListSchema = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(Type.Union([portOfNodeSchema, summarySchema])),
    meta: Type.Optional(Type.Object({ cursor })),
  },
  {
    description: 'Free ports, or with `summary` how those of each node are taken',
    examples: [acrossNodesExample, summaryExample],
  },
);

const anything = (description: string, example: unknown) =>
  Type.Optional(Type.Unsafe<unknown>({ description, examples: [example] }));

/** Fields of every list of ports. */
function portListFields(maxPerPage: number) {
  return {
    per_page: Type.Optional(
      Type.Integer({ minimum: 1, maximum: maxPerPage, description: 'Rows on a page; 50 where absent.' }),
    ),
    cursor: anything('Where the page begins; empty for the first, then `meta.cursor.next`.', ''),
    sort: anything('`id`, `ip` or `port`, with `-` in front for the other way round.', 'port'),
    include: anything('Relations to embed, with commas between: `node`, `location`, `server`.', 'node'),
    include_held: anything('Show ports that a claim holds, with when that ends.', true),
  };
}

// A bad value is refused where the filter is read, which knows what a port is.
const portFilters = {
  ip: anything('On exactly this address.', '203.0.113.4'),
  port: anything('A port, or `from-to`.', '25565-25575'),
  alias: anything('With this in the alias, in upper or lower case.', 'play'),
};

/** Query of a node's list, after clean-up. */
export function allocationQuerySchema(maxPerPage: number): TSchema {
  return Type.Object({
    ...portListFields(maxPerPage),
    page: anything('Number of the page, from 1.', 1),
    consecutive: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: mostPorts,
        description: 'List runs of so many neighbouring free ports on one address.',
      }),
    ),
    filter: Type.Optional(Type.Object(portFilters, { examples: [{ port: '25565-25575' }] })),
  });
}

/** Most ids in a list of nodes or locations. */
const mostIds = 1000;
// What every supported database compares with an id, and what the panel's columns of sizes hold.
const id = Type.Integer({ minimum: 1, maximum: 2_147_483_647 });
const size = Type.Integer({
  minimum: 0,
  maximum: 4_294_967_295,
  description: 'MiB that a server to come needs.',
});

/** What nodes can be selected by. */
export const nodeSelection = {
  node_ids: Type.Optional(Type.Array(id, { maxItems: mostIds })),
  location_ids: Type.Optional(Type.Array(id, { maxItems: mostIds })),
  memory: Type.Optional(size),
  disk: Type.Optional(size),
};

/** Query of the list across nodes, after clean-up. */
export function nodesQuerySchema(maxPerPage: number): TSchema {
  return Type.Object({
    ...portListFields(maxPerPage),
    summary: anything('Count the ports of each node in place of listing them.', true),
    filter: Type.Optional(
      Type.Object(
        {
          ...portFilters,
          ...nodeSelection,
          tags: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })),
          public: Type.Optional(Type.Boolean()),
        },
        { examples: [{ port: '25565-25575' }] },
      ),
    ),
  });
}

/** Path of a node's ports. */
export const nodeParams = Type.Object({ node: idParameter('Row id of the node.') });
