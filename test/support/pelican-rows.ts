import type { PanelRows } from './panel-rows.ts';
import { times } from './recorded-rows.ts';

const rootAdmin = 1;
const staffRole = 2;
const role = (id: number, name: string) => ({ id, name, guard_name: 'web', ...times });

/** Pelican: roles say who is an admin, one JSON column what a key may do. */
export const pelicanRows: PanelRows = {
  shared: [
    ['roles', role(rootAdmin, 'Root Admin')],
    ['roles', role(staffRole, 'Staff')],
    ['permissions', role(1, 'view server')],
    ['role_has_permissions', { permission_id: 1, role_id: staffRole }],
    ['eggs', { id: 1, uuid: 'egg', author: 'x@panel.test', name: 'x', ...times }],
  ],
  user: (user, { admin, staff, totp }) => {
    const hasRole = (role_id: number) =>
      ['model_has_roles', { role_id, model_type: 'user', model_id: user.id }] as const;
    return [
      ['users', { ...user, mfa_app_secret: totp ? 'set up' : null }],
      ...(admin ? [hasRole(rootAdmin)] : []),
      ...(staff ? [hasRole(staffRole)] : []),
    ];
  },
  keyColumns: (levelOf) => ({
    permissions: JSON.stringify({
      ...{ user: levelOf('users'), node: levelOf('nodes'), allocation: levelOf('allocations') },
    }),
  }),
  node: (node) => [['nodes', { ...node, daemon_base: '/x', tags: '[]' }]],
  server: (server) => [['servers', { ...server, uuid_short: server.uuid.slice(0, 8) }]],
};
