import { randomUUID } from 'node:crypto';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { badRequest, unavailable } from '../api-error.ts';
import { parseForm } from '../input/query.ts';
import { loggablePath } from '../logging.ts';
import type { PanelEnv } from '../panel/env/panel-env.ts';
import { registerAuthorize } from '../scopes/authorize-route.ts';
import type { Services } from '../services.ts';
import { registerApi } from './api.ts';
import { parseTrustedProxies, resolveClient } from './client-ip.ts';
import { registerConnections } from './connections.ts';
import { registerCors } from './cors.ts';
import { registerDocs } from './docs.ts';
import { registerErrors, sendError } from './errors.ts';
import { InFlight } from './in-flight.ts';
import { registerOperations } from './operations.ts';
import { withSlashesJoinedAtEnd } from './slashes.ts';
import { createUnreadableAnswerer } from './unreadable.ts';
import { registerUnrouted } from './unrouted.ts';
import '../request/caller.ts';

/** Largest body in bytes; the largest sensible one, 50 addresses and 500 characters, has a tenth of that. */
const bodyLimit = 64 * 1024;

/** In place of the framework's own, which would be loaded to no end: the API has its own, and answers are JSON. */
const compilersFactory = {
  buildValidator: (() => () => () => true) as never,
  buildSerializer: () => () => (body: unknown) => JSON.stringify(body),
};

/** Puts the HTTP side together. It listens when `listen` is called, and not before. */
export async function buildApp(services: Services, env: PanelEnv): Promise<FastifyInstance> {
  const { request_timeout_ms: requestTimeout } = services.settings.server;
  const app = fastify({
    bodyLimit,
    requestTimeout,
    return503OnClosing: false,
    http: {
      // Node would answer a missing Host, and an unknown expectation, with an empty body.
      requireHostHeader: false,
      // Who sends nothing at all has no more time than who sends half.
      headersTimeout: requestTimeout,
      connectionsCheckingInterval: requestTimeout / 10,
    },
    genReqId: () => randomUUID(),
    rewriteUrl: ({ url = '/' }) => withSlashesJoinedAtEnd(url),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 4096, querystringParser: parseForm },
    frameworkErrors: (_error, request, reply) => {
      // No hook runs for these.
      setHeadersOfEveryAnswer(reply, request.id);
      sendError(reply as never, badRequest('The path of the request could not be read.'));
    },
    clientErrorHandler: createUnreadableAnswerer(services),
    schemaController: { compilersFactory },
  });
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  registerErrors(app, services.logger);
  registerUnrouted(app);
  registerArrival(app, services, env);
  registerCors(app, env.corsAllowedOrigins);
  registerOutcome(app, services);
  registerBodies(app);
  registerDocs(app, services.settings);
  registerOperations(app, services);
  registerAuthorize(app, services);
  await registerApi(app, services);
  return app;
}

/** What every request gets on arrival, and the bound on how many are worked on. */
function registerArrival(app: FastifyInstance, services: Services, env: PanelEnv): void {
  const { trusted_proxies, max_in_flight } = services.settings.server;
  const trusted = parseTrustedProxies(trusted_proxies ?? env.trustedProxies);
  const inFlight = new InFlight();
  app.decorateRequest('client');
  app.decorateRequest('sentContentType');
  app.decorateRequest('caller', null);
  app.decorateRequest('keyHolder', null);
  app.decorateRequest('bodyFields');
  services.metrics.readInFlight(() => inFlight.size);
  app.addHook('onRequest', (request, reply, done) => {
    // What came in one packet with the request for which its connection was closed is not worked on.
    if (request.socket.destroyed) return;
    request.client = resolveClient(request.socket.remoteAddress ?? '', request.headers, trusted);
    setHeadersOfEveryAnswer(reply, request.id);
    hideContentType(request);
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1') {
      done(badRequest('The Host header is missing.'));
    } else if (inFlight.size > max_in_flight && request.routeOptions.url !== '/healthz') {
      done(unavailable('This service is overloaded, please try again.'));
    } else {
      done();
    }
  });
  registerConnections(app, services, inFlight);
}

function setHeadersOfEveryAnswer(reply: FastifyReply, requestId: string): void {
  reply.header('x-request-id', requestId).header('cache-control', 'no-cache, private');
}

/**
 * Clients send all kinds of Content-Type, on requests without a body too, and the panel takes them all. The
 * framework would refuse some before the panel's first check; it is shown one that means "bytes".
 */
function hideContentType(request: FastifyRequest): void {
  request.sentContentType = request.headers['content-type'];
  if (request.sentContentType !== undefined) request.headers['content-type'] = 'application/octet-stream';
}

/** Bodies stay bytes until the guard reads them: the panel authenticates before it parses. */
function registerBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

function registerOutcome(app: FastifyInstance, services: Services): void {
  const { logger, metrics } = services;
  app.addHook('onResponse', (request, reply, done) => {
    const { template } = request.routeOptions.config;
    const route = template ?? 'unknown';
    metrics.requests.inc({ method: request.method, route, status: reply.statusCode });
    metrics.duration.observe({ route }, reply.elapsedTime / 1000);
    const level = request.method === 'GET' && reply.statusCode < 400 ? 'debug' : 'info';
    if (logger.isLevelEnabled(level)) logger[level](describeOutcome(request, reply), 'request');
    done();
  });
}

function describeOutcome(request: FastifyRequest, reply: FastifyReply): object {
  return {
    reqId: request.id,
    method: request.method,
    route: request.routeOptions.config.template ?? loggablePath(request.url),
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    ip: request.client?.ip,
    userId: request.caller?.credential.owner.id,
    apiKeyId: request.caller?.credential.id,
  };
}
