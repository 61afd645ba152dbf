import { permissionNames } from '../../src/panel/permissions.ts';
import { type ClientRoute, clientRoutes } from '../../src/scopes/client-routes.ts';
import { isWithinScope } from '../../src/scopes/judge.ts';

/** Rows of a table, cells as they are written. */
export type Rows = readonly (readonly string[])[];

const panelNames = permissionNames.filter((name) => name !== 'server.read' && name !== 'server.write');
const serverRoutes = clientRoutes.filter(({ parts }) => parts[0] === 'servers');

/** Whether a key with these permissions, and confined to no server, may send a request to a route. */
function isOpen({ method, parts }: ClientRoute, permissions: readonly string[]): boolean {
  const uri = `/api/client/${parts.join('/').replaceAll(/\{\w+\}/g, 'x')}`;
  return isWithinScope(
    { permissions: new Set(permissions), servers: null },
    { method, uri, contentType: '' },
  );
}

/** What a key without `server.read` and `server.write` needs for a route, all together; null where nothing does. */
function needsOf(route: ClientRoute): readonly string[] | null {
  if (!isOpen(route, panelNames)) return null;
  return panelNames.filter(
    (name) =>
      !isOpen(
        route,
        panelNames.filter((other) => other !== name),
      ),
  );
}

/** What each permission lets through by itself; a star where it does with others. */
export function permissionRows(): Rows {
  return permissionNames.map((name) => [`\`${name}\``, lettingThrough(name)]);
}

function lettingThrough(name: string): string {
  if (name === 'server.read' || name === 'server.write') return groupText(name);
  const needing = clientRoutes.filter((route) => needsOf(route)?.includes(name) === true);
  const alone = needing.filter((route) => needsOf(route)?.length === 1).map(code);
  if (needing.length === 0) return 'nothing';
  return [alone.join(', '), ...(needing.length > alone.length ? ['\\*'] : [])].join(' ').trim();
}

function groupText(name: string): string {
  const open = clientRoutes.filter((route) => isOpen(route, [name]));
  const beside = open.filter((route) => !serverRoutes.includes(route));
  const isReading = name === 'server.read';
  const all = serverRoutes.filter(({ method }) => !isReading || method === 'GET');
  const closed = all.filter((route) => !open.includes(route));
  const kind = isReading ? 'every `GET` of a server' : 'every route of a server';
  return [...beside.map(code), `${kind}, but not ${closed.map(code).join(', ')}`].join(', and ');
}

/** The routes that need several permissions of a key without `server.write`. */
export function combinedRows(): Rows {
  return clientRoutes.flatMap((route) => {
    const needs = needsOf(route) ?? [];
    return needs.length > 1 ? [[code(route), needs.map((name) => `\`${name}\``).join(', ')]] : [];
  });
}

/** The routes that no permission opens. */
export function closedRoutes(): readonly string[] {
  return clientRoutes.filter((route) => !isOpen(route, permissionNames)).map(text);
}

function code(route: ClientRoute): string {
  return `\`${text(route)}\``;
}

/** Method and path below `/api/client`, with `…` for what all of a server's routes begin with. */
function text({ method, parts }: ClientRoute): string {
  const path = parts[0] === 'servers' ? ['…', ...parts.slice(2)] : ['', ...parts];
  return `${method} ${path.join('/') || '/'}`;
}
