import { type TSchema, Type } from 'typebox';
import { idParameter } from '../input/schemas.ts';

const allocation = Type.Object({
  object: Type.Literal('allocation'),
  attributes: Type.Object({
    id: Type.Integer(),
    ip: Type.String(),
    alias: Type.Union([Type.String(), Type.Null()]),
    port: Type.Integer(),
    notes: Type.Union([Type.String(), Type.Null()]),
    assigned: Type.Boolean(),
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

/** Answer of the list. */
export const allocationListSchema = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(allocation),
    meta: Type.Object({
      pagination: Type.Object({
        total: Type.Integer(),
        count: Type.Integer(),
        per_page: Type.Integer(),
        current_page: Type.Integer(),
        total_pages: Type.Integer(),
        links: Type.Object({ previous: Type.Optional(Type.String()), next: Type.Optional(Type.String()) }),
      }),
      node: Type.Optional(node),
    }),
  },
  {
    description: "The node's free ports, oldest first",
    examples: [
      {
        object: 'list',
        data: [
          {
            object: 'allocation',
            attributes: {
              id: 41,
              ip: '203.0.113.4',
              alias: null,
              port: 25570,
              notes: null,
              assigned: false,
            },
          },
        ],
        meta: {
          pagination: { total: 1, count: 1, per_page: 50, current_page: 1, total_pages: 1, links: {} },
          node: {
            id: 1,
            uuid: '6f0a3c4e-58b5-4a7f-9a6a-0e1d2b3c4d5e',
            name: 'fra-1',
            fqdn: 'fra-1.example.com',
            location: { id: 1, short: 'fra', long: 'Frankfurt' },
          },
        },
      },
    ],
  },
);

/** Query of the list, after clean-up. */
export function allocationQuerySchema(maxPerPage: number): TSchema {
  return Type.Object({
    per_page: Type.Optional(
      Type.Integer({ minimum: 1, maximum: maxPerPage, description: 'Rows on a page; 50 where absent.' }),
    ),
    page: Type.Optional(Type.Unsafe<unknown>({ description: 'Number of the page, from 1.', examples: [1] })),
    include: Type.Optional(
      Type.Unsafe<unknown>({
        description: 'Relations to embed, with commas between: `node`, `server`.',
        examples: ['node'],
      }),
    ),
  });
}

/** Path of a node's ports. */
export const nodeParams = Type.Object({ node: idParameter('Row id of the node.') });
