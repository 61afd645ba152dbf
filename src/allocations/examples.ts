/** Examples for the documentation of the API. */

const attributes = { id: 41, ip: '203.0.113.4', alias: null, port: 25570, notes: null, assigned: false };

/** A port. */
export const portExample = { object: 'allocation', attributes };

const node = {
  id: 1,
  uuid: '6f0a3c4e-58b5-4a7f-9a6a-0e1d2b3c4d5e',
  name: 'fra-1',
  fqdn: 'fra-1.example.com',
  location: { id: 1, short: 'fra', long: 'Frankfurt' },
};

/** A numbered page of a node's ports. */
export const numberedPageExample = {
  object: 'list',
  data: [portExample],
  meta: {
    pagination: { total: 1, count: 1, per_page: 50, current_page: 1, total_pages: 1, links: {} },
    node,
  },
};

/** A page of a node's ports that began at a cursor. */
export const cursorPageExample = {
  object: 'list',
  data: [portExample],
  meta: { cursor: { next: 'WzQxXQ', per_page: 1 }, node },
};

/** Runs of neighbouring ports. */
export const runsExample = {
  object: 'list',
  data: [
    {
      object: 'allocation_run',
      attributes: { node_id: 1, ip: '203.0.113.4', from: 25570, to: 25571, ids: [41, 42] },
    },
  ],
  meta: { cursor: { next: null, per_page: 50 }, node },
};

/** Ports across nodes. */
export const acrossNodesExample = {
  object: 'list',
  data: [{ object: 'allocation', attributes: { ...attributes, node_id: 1 } }],
  meta: { cursor: { next: null, per_page: 50 } },
};

/** How the ports of nodes are taken. */
export const summaryExample = {
  object: 'list',
  data: [
    {
      object: 'node_allocation_summary',
      attributes: { node_id: 1, total: 500, used: 420, held: 4, free: 76 },
    },
  ],
};
