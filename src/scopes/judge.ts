import { type ClientRoute, clientRoutes } from './client-routes.ts';
import { type RequestedPath, readRequestedPath } from './requested-path.ts';

/** What a key is confined to. */
export interface Scope {
  readonly permissions: ReadonlySet<string>;
  /** Short server identifiers in lower case; null for every server of the owner. */
  readonly servers: readonly string[] | null;
}

/** A request as the web server received it. */
export interface JudgedRequest {
  readonly method: string;
  readonly uri: string;
  /** Empty where there is none. */
  readonly contentType: string;
}

/** Permissions that allow what the panel checks against the user's own rights, never the key's. */
const neverGranted = new Set(['websocket.connect', 'user.create', 'user.update']);
/** Changing a schedule decides what it does later: run commands, power, back up. */
const scheduleChanges = new Set(['schedule.create', 'schedule.update']);
const schedulePowers = [
  ...['control.console', 'control.start', 'control.stop', 'control.restart', 'control.kill'],
  'backup.create',
];
const viewPassword = 'database.view_password';
/** Reading routes that hand out a link with power of its own. */
const handsOutLink = new Set(['files/download', 'files/upload', 'backups/{backup}/download']);
/** Routes of the account that only read it. */
const accountReads = new Set(['account', 'account/activity', 'permissions']);

/**
 * Whether a key with this scope may send this request. Everything that no rule knows is refused, and so is
 * everything the panel might take for something else than it looks like here.
 */
export function isWithinScope(scope: Scope, request: JudgedRequest): boolean {
  const requested = readRequestedPath(request.uri);
  if (requested === null) return false;
  const routes = routesAt(requested, request.method.toUpperCase());
  return routes.length > 0 && routes.every((route) => allowsRoute(scope, route, requested, request));
}

/**
 * The routes a request may end up at. A POST may name another method in its body, so it must be allowed to
 * do whatever its path can do.
 */
function routesAt({ parts }: RequestedPath, method: string): readonly ClientRoute[] {
  const here = clientRoutes.filter((route) => matches(route, parts));
  if (method === 'POST') return here;
  const asked = method === 'HEAD' ? 'GET' : method;
  return here.filter((route) => route.method === asked);
}

function matches(route: ClientRoute, parts: readonly string[]): boolean {
  if (route.parts.length !== parts.length) return false;
  return route.parts.every((part, index) => part.startsWith('{') || part === parts[index]);
}

function allowsRoute(
  scope: Scope,
  route: ClientRoute,
  requested: RequestedPath,
  request: JudgedRequest,
): boolean {
  if (route.permissions.some((permission) => neverGranted.has(permission))) return false;
  if (route.parts[0] !== 'servers') return allowsAccountRoute(scope, route);
  if (!isServerInScope(scope, requested.parts[1] ?? '')) return false;
  const has = (permission: string) => scope.permissions.has(permission);
  if (has('server.write') && !managesSubusers(route)) return true;
  if (!extraPermissions(route, requested, request).every(has)) return false;
  if (has('server.read') && isPlainReading(route)) return true;
  return route.permissions.length > 0 && route.permissions.every(has);
}

/** The account's own routes: reading it is one permission; what is worth a credential, nobody's. */
function allowsAccountRoute(scope: Scope, route: ClientRoute): boolean {
  if (route.method !== 'GET') return false;
  const path = route.parts.join('/');
  if (path === '') return scope.servers === null && scope.permissions.has('server.read');
  return accountReads.has(path) && scope.permissions.has('user.read');
}

/** The panel finds a server by its short identifier or its UUID, of which that is the beginning. */
function isServerInScope({ servers }: Scope, server: string): boolean {
  if (servers === null) return true;
  const isUuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(server);
  const short = isUuid ? server.slice(0, 8) : server;
  return servers.includes(short.toLowerCase());
}

function managesSubusers({ parts, method }: ClientRoute): boolean {
  return parts[2] === 'users' && method !== 'GET';
}

function isPlainReading({ parts, method }: ClientRoute): boolean {
  return method === 'GET' && !handsOutLink.has(parts.slice(2).join('/'));
}

/** What a route needs besides the permissions that the panel itself checks there. */
function extraPermissions(
  route: ClientRoute,
  requested: RequestedPath,
  request: JudgedRequest,
): readonly string[] {
  const powers = route.permissions.some((name) => scheduleChanges.has(name)) ? schedulePowers : [];
  return showsPasswords(route, requested, request) ? [...powers, viewPassword] : powers;
}

function showsPasswords(
  { parts, method }: ClientRoute,
  { query }: RequestedPath,
  { contentType }: JudgedRequest,
): boolean {
  if (parts[2] !== 'databases') return false;
  if (method !== 'GET') return method === 'POST';
  // What to include may be asked for in the query, or in a body that is not seen here.
  return query === null || /password|%/i.test(query) || /json/i.test(contentType);
}
