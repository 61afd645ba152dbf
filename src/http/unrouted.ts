import type { FastifyInstance, FastifyRequest } from 'fastify';
import { methodNotAllowed, routeNotFound } from '../api-error.ts';
import { sendError } from './errors.ts';
import { withoutLeadingSlashes, withoutTrailingSlashes } from './slashes.ts';

interface KnownPath {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

const listedOrder = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * Answers requests that no route takes, as the panel's router does: 405 with the methods of the path where
 * it has other ones, 200 with the same list to OPTIONS, else 404. Register it before any route.
 */
export function registerUnrouted(app: FastifyInstance): void {
  const paths = new Map<string, KnownPath>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = paths.get(url) ?? { pattern: toPattern(url), methods: new Set<string>() };
    for (const name of [method].flat()) known.methods.add(name);
    paths.set(url, known);
  });
  app.setNotFoundHandler(async (request, reply) => {
    const path = sentPath(request);
    // Like the router, which takes slashes at the end but none too many at the start.
    const known = request.url.startsWith('//')
      ? undefined
      : [...paths.values()].find(({ pattern }) => pattern.test(path));
    if (known === undefined) return sendError(reply, routeNotFound(path));
    const allowed = listedOrder.filter((method) => known.methods.has(method));
    if (request.method === 'OPTIONS') return reply.header('allow', allowed.join(',')).code(200).send('');
    return sendError(reply, methodNotAllowed(request.method, path, allowed));
  });
}

/** The path as sent, without query and without slashes at its ends. */
export function sentPath(request: FastifyRequest): string {
  const [path = ''] = request.url.split('?', 1);
  return withoutLeadingSlashes(withoutTrailingSlashes(path));
}

/** A pattern for paths as `sentPath` gives them, from a route such as `/users/:user/:identifier(^\w+$)`. */
function toPattern(url: string): RegExp {
  const source = withoutLeadingSlashes(withoutTrailingSlashes(url))
    .split('/')
    .map((part) => {
      if (!part.startsWith(':')) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
      return /\(\^?(.*?)\$?\)$/.exec(part)?.[1] ?? '[^/]+';
    })
    .join('/');
  return new RegExp(`^${source}$`);
}
