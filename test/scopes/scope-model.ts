import { type PanelRoute, panelRoutes } from './panel-routes.ts';

/** What a key is confined to; null for no scopes, and for all servers. */
export interface ModelScope {
  readonly permissions: readonly string[] | null;
  readonly servers: readonly string[] | null;
}

/** A request at one of the panel's routes, as the panel takes it. */
export interface ModelRequest {
  readonly route: PanelRoute;
  /** What stands for `{server}`; empty where the path has none. */
  readonly server: string;
  /** Whether `include` names the password. */
  readonly includesPassword: boolean;
}

/** Routes that nothing opens to a key with scopes: a step to a credential, or to another's rights. */
const closed = [
  'GET /account/two-factor',
  'POST /account/two-factor',
  'POST /account/two-factor/disable',
  'PUT /account/email',
  'PUT /account/password',
  'GET /account/api-keys',
  'POST /account/api-keys',
  'DELETE /account/api-keys/{identifier}',
  'GET /account/ssh-keys',
  'POST /account/ssh-keys',
  'POST /account/ssh-keys/remove',
  'GET /servers/{server}/websocket',
  'POST /servers/{server}/users',
  'POST /servers/{server}/users/{user}',
];

const accountReads = ['GET /account', 'GET /account/activity', 'GET /permissions'];
const serverList = 'GET ';
const links = [
  'GET /servers/{server}/files/download',
  'GET /servers/{server}/files/upload',
  'GET /servers/{server}/backups/{backup}/download',
];
const passwords = [
  'POST /servers/{server}/databases',
  'POST /servers/{server}/databases/{database}/rotate-password',
];
const scheduleChanges = [
  'POST /servers/{server}/schedules',
  'POST /servers/{server}/schedules/{schedule}',
  'POST /servers/{server}/schedules/{schedule}/execute',
  'POST /servers/{server}/schedules/{schedule}/tasks',
  'POST /servers/{server}/schedules/{schedule}/tasks/{task}',
  'DELETE /servers/{server}/schedules/{schedule}/tasks/{task}',
];
const subuserRemoval = 'DELETE /servers/{server}/users/{user}';
const allControl = ['console', 'start', 'stop', 'restart', 'kill'].map((name) => `control.${name}`);

/**
 * The permissions of the panel that together open a route to a key without `server.read` and `server.write`;
 * null where none do.
 */
export function permissionsFor({ route, includesPassword }: Omit<ModelRequest, 'server'>): string[] | null {
  const name = nameOf(route);
  if (closed.includes(name) || !isServerRoute(route)) return null;
  const extra = scheduleChanges.includes(name) ? [...allControl, 'backup.create'] : [];
  if (passwords.includes(name) || includesPassword) extra.push('database.view_password');
  return route.permissions.length === 0 ? null : [...route.permissions, ...extra];
}

/** Whether a key may do what the panel would do for this request. */
export function mayDo(scope: ModelScope, request: ModelRequest): boolean {
  const { permissions, servers } = scope;
  if (permissions === null) return true;
  const name = nameOf(request.route);
  if (closed.includes(name)) return false;
  if (accountReads.includes(name)) return permissions.includes('user.read');
  if (name === serverList) return permissions.includes('server.read') && servers === null;
  if (servers !== null && !servers.includes(request.server.toLowerCase().slice(0, 8))) return false;
  if (permissions.includes('server.write') && name !== subuserRemoval) return true;
  const showsPassword = request.includesPassword && !permissions.includes('database.view_password');
  const isPlainReading = name.startsWith('GET ') && !links.includes(name) && !showsPassword;
  if (permissions.includes('server.read') && isPlainReading) return true;
  const needed = permissionsFor(request);
  return needed?.every((permission) => permissions.includes(permission)) ?? false;
}

/**
 * Whether a key may send a request: a POST may turn out to be any of the methods at its path, and must be
 * allowed all of them.
 */
export function maySend(scope: ModelScope, request: ModelRequest): boolean {
  if (scope.permissions === null) return true;
  const { method, path } = request.route;
  const possible = panelRoutes.filter((route) => route.path === path && method === 'POST');
  return [request.route, ...possible].every((route) => mayDo(scope, { ...request, route }));
}

/** Method and path below `/api/client`. */
function nameOf({ method, path }: PanelRoute): string {
  return `${method} ${path.slice('/api/client'.length)}`;
}

function isServerRoute({ path }: PanelRoute): boolean {
  return path.startsWith('/api/client/servers/');
}
