import type { FastcgiRequest } from '../support/fastcgi.ts';
import { findPanelRoute } from './panel-routes.ts';
import type { ModelRequest } from './scope-model.ts';

const script = '/index.php';

/**
 * What the panel makes of a request that reached PHP: the route it takes, or null where it takes none of the
 * Client API's. Where versions of its framework differ, it takes what any of them would.
 */
export function routedByPanel(request: FastcgiRequest): ModelRequest | null {
  const path = panelPath(request.variables.REQUEST_URI ?? '');
  const route = findPanelRoute(panelMethod(request), path);
  if (route === null) return null;
  const server = /^\/api\/client\/servers\/([^/]+)/.exec(path)?.[1] ?? '';
  const listsDatabases = route.method === 'GET' && route.path.endsWith('/databases');
  return { route, server, includesPassword: listsDatabases && includesOf(request).includes('password') };
}

/**
 * The key it takes: what follows the last `Bearer `, in any case, up to a comma. Without an Authorization header
 * its framework takes one for digests in its place.
 */
export function keyTakenByPanel({ variables }: FastcgiRequest): string | null {
  const header = variables.HTTP_AUTHORIZATION ?? variables.HTTP_PHP_AUTH_DIGEST ?? '';
  const at = header.toLowerCase().lastIndexOf('bearer ');
  return at === -1 ? null : (header.slice(at + 'bearer '.length).split(',', 1)[0] ?? null);
}

/** The path its router looks at: what is before `/index.php` is dropped, the rest is decoded once. */
export function panelPath(requestUri: string): string {
  const withoutHost = requestUri.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  const [sent = ''] = withoutHost.split(/[?#]/, 1);
  const characters = sent.match(/%[0-9a-f]{2}|[\s\S]/gi) ?? [];
  const isBehindScript = decoded(sent).startsWith(script);
  const below = characters.slice(isBehindScript ? script.length : 0).join('');
  return decoded(`/${below.replace(/^\//, '')}`.replace(/\/+$/, ''));
}

/** The method it routes by: only a POST may name another one, in a header, the body or the query. */
function panelMethod(request: FastcgiRequest): string {
  const { variables } = request;
  const sent = (variables.REQUEST_METHOD ?? '').toUpperCase();
  if (sent !== 'POST') return sent;
  const named =
    variables.HTTP_X_HTTP_METHOD_OVERRIDE || bodyField(request, '_method') || query(request).get('_method');
  return (named || sent).toUpperCase();
}

function includesOf(request: FastcgiRequest): readonly string[] {
  const asked = query(request);
  const named = [...asked.keys()].filter((name) => name === 'include' || name.startsWith('include['));
  return [...named.flatMap((name) => asked.getAll(name)), bodyField(request, 'include')].join(',').split(',');
}

function bodyField({ variables, body }: FastcgiRequest, name: string): string {
  // A web server may hand the type over in either variable.
  const type = `${variables.CONTENT_TYPE} ${variables.HTTP_CONTENT_TYPE}`.toLowerCase();
  if (type.includes('json')) {
    const value = (JSON.parse(body || '{}') as Record<string, unknown>)[name];
    return value === undefined ? '' : String(value);
  }
  // Of a GET it reads no other body.
  if (['GET', 'HEAD'].includes((variables.REQUEST_METHOD ?? '').toUpperCase())) return '';
  if (type.includes('urlencoded')) return new URLSearchParams(body).get(name) ?? '';
  return new RegExp(`name="${name}"\\r\\n\\r\\n(.*)\\r\\n`).exec(body)?.[1] ?? '';
}

function query({ variables }: FastcgiRequest): URLSearchParams {
  return new URLSearchParams(variables.QUERY_STRING ?? '');
}

function decoded(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
