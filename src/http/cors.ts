import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const methods = 'GET, POST, PUT, PATCH, DELETE, OPTIONS';

/**
 * The panel's cross-origin headers on its API paths: the configured origin on every answer, or with several
 * configured the caller's own if it is among them; credentials allowed. A preflight is answered here, for
 * any path, as the panel does.
 *
 * @param origins APP_CORS_ALLOWED_ORIGINS, split; unset is one empty origin, and its header is empty.
 */
export function registerCors(app: FastifyInstance, origins: readonly string[]): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (!isApiPath(request.url)) return done();
    reply.header('access-control-allow-credentials', 'true');
    allowOrigin(origins, request, reply);
    const isPreflight =
      request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
    if (!isPreflight) return done();
    reply.header('access-control-allow-methods', methods);
    const asked = request.headers['access-control-request-headers'];
    if (asked !== undefined) reply.header('access-control-allow-headers', asked);
    vary(reply, 'Access-Control-Request-Headers');
    vary(reply, 'Access-Control-Request-Method');
    // Answered, so the request goes no further.
    reply.header('content-type', 'text/html; charset=UTF-8').code(204).send();
  });
}

const apiPath = /^\/api\/(?:application|client)(?:[/?]|$)/;

function isApiPath(url: string): boolean {
  // Nearly every path is of these, and told faster so.
  return url.startsWith('/api/application/') || apiPath.test(url);
}

function allowOrigin(origins: readonly string[], request: FastifyRequest, reply: FastifyReply): void {
  const [only] = origins;
  if (origins.length === 1 && only !== undefined && only !== '*') {
    reply.header('access-control-allow-origin', only);
    return;
  }
  const { origin } = request.headers;
  if (origin !== undefined && (origins.includes('*') || origins.includes(origin))) {
    reply.header('access-control-allow-origin', origin);
  }
  vary(reply, 'Origin');
}

function vary(reply: FastifyReply, name: string): void {
  const present = reply.getHeader('vary');
  reply.header('vary', present === undefined ? name : `${present}, ${name}`);
}
