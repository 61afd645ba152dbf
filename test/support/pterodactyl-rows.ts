import type { PanelRows } from './panel-rows.ts';
import { times } from './recorded-rows.ts';

/** Pterodactyl: a column says who is an admin, nine columns what a key may do. */
export const pterodactylRows: PanelRows = {
  shared: [
    ['nests', { id: 1, uuid: 'nest', author: 'x@panel.test', name: 'x', ...times }],
    ['eggs', { id: 1, uuid: 'egg', nest_id: 1, author: 'x@panel.test', name: 'x', startup: './x', ...times }],
  ],
  user: (user, { admin, staff, totp }) => {
    if (staff) throw new Error('no role makes an admin in Pterodactyl');
    return [['users', { ...user, root_admin: admin ? 1 : 0, use_totp: totp ? 1 : 0 }]];
  },
  keyColumns: (levelOf) => ({
    ...{ r_users: levelOf('users'), r_nodes: levelOf('nodes') },
    ...{ r_allocations: levelOf('allocations'), r_locations: levelOf('locations') },
  }),
  node: (node) => [
    ['locations', { id: node.id, short: `loc${node.id}`, long: `Location ${node.id}`, ...times }],
    ['nodes', { ...node, location_id: node.id, daemonBase: '/x' }],
  ],
  server: (server) => [
    ['servers', { ...server, uuidShort: server.uuid.slice(0, 8), description: '', nest_id: 1 }],
  ],
};
