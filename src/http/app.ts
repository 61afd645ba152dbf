import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { badRequest, unavailable } from '../api-error.ts';
import { parseForm } from '../input/query.ts';
import { loggablePath } from '../logging.ts';
import type { PanelEnv } from '../panel/env/panel-env.ts';
import { registerAuthorize } from '../scopes/authorize-route.ts';
import type { Services } from '../services.ts';
import { registerApi } from './api.ts';
import { parseTrustedProxies, resolveClient } from './client-ip.ts';
import { registerCors } from './cors.ts';
import { registerDocs } from './docs.ts';
import { registerErrors, sendError } from './errors.ts';
import { registerOperations } from './operations.ts';
import { withSlashesJoinedAtEnd } from './slashes.ts';
import { registerUnrouted } from './unrouted.ts';
import '../request/caller.ts';

/** Largest body in bytes; the largest sensible one, 50 addresses and 500 characters, has a tenth of that. */
const bodyLimit = 64 * 1024;
/** Longest time a client may take to send a request, in milliseconds. */
const requestTimeout = 30_000;

/** Puts the HTTP side together. It listens when `listen` is called, and not before. */
export async function buildApp(services: Services, env: PanelEnv): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit,
    requestTimeout,
    return503OnClosing: false,
    // Node would answer a missing Host, and an unknown expectation, with an empty body.
    http: { requireHostHeader: false },
    genReqId: () => randomUUID(),
    rewriteUrl: ({ url = '/' }) => withSlashesJoinedAtEnd(url),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 4096, querystringParser: parseForm },
    frameworkErrors: (_error, request, reply) => {
      // No hook runs for these.
      reply.headers(headersOfEveryAnswer(request.id));
      sendError(reply as never, badRequest('The path of the request could not be read.'));
    },
    clientErrorHandler: answerUnreadable,
  });
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.setSerializerCompiler(() => (body) => JSON.stringify(body));
  registerErrors(app, services.logger);
  registerUnrouted(app);
  registerArrival(app, services, env);
  registerCors(app, env.corsAllowedOrigins);
  registerOutcome(app, services);
  registerBodies(app);
  await registerDocs(app, services.settings.server.public_docs);
  registerOperations(app, services);
  registerAuthorize(app, services);
  await registerApi(app, services);
  return app;
}

/** What every request gets on arrival, and the bound on how many are worked on. */
function registerArrival(app: FastifyInstance, services: Services, env: PanelEnv): void {
  const { trusted_proxies, max_in_flight } = services.settings.server;
  const trusted = parseTrustedProxies(trusted_proxies ?? env.trustedProxies);
  const inFlight = new Set<ServerResponse>();
  app.decorateRequest('client');
  app.decorateRequest('sentContentType');
  app.decorateRequest('caller', null);
  app.decorateRequest('bodyFields');
  services.metrics.readInFlight(() => inFlight.size);
  // Not `onResponse`, which is not called where the client has hung up.
  function forget(this: ServerResponse): void {
    inFlight.delete(this);
  }
  app.addHook('onRequest', (request, reply, done) => {
    inFlight.add(reply.raw);
    reply.raw.once('close', forget);
    request.client = resolveClient(request.socket.remoteAddress ?? '', request.headers, trusted);
    reply.headers(headersOfEveryAnswer(request.id));
    hideContentType(request);
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1') {
      done(badRequest('The Host header is missing.'));
    } else if (inFlight.size > max_in_flight && request.routeOptions.url !== '/healthz') {
      done(unavailable('This service is overloaded, please try again.'));
    } else {
      done();
    }
  });
  closeConnectionsOnStop(app, inFlight);
}

/**
 * What has arrived in full is still answered when the service stops. Every other connection is closed at
 * once: one kept for a next request, or with half a request on it, would keep the service that is to stop.
 */
function closeConnectionsOnStop(app: FastifyInstance, inFlight: ReadonlySet<ServerResponse>): void {
  const connections = new Set<Socket>();
  app.server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  app.addHook('preClose', async () => {
    const arrived = [...inFlight].filter((response) => response.req.complete);
    for (const response of arrived) response.shouldKeepAlive = false;
    const busy = new Set(arrived.map((response) => response.socket));
    for (const socket of connections) if (!busy.has(socket)) socket.destroy();
  });
}

function headersOfEveryAnswer(requestId: string): Record<string, string> {
  return { 'x-request-id': requestId, 'cache-control': 'no-cache, private' };
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

/** What can't be parsed as HTTP gets the envelope too, and no more of the connection. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || (socket as { _httpMessage?: ServerResponse })._httpMessage?.headersSent) {
    socket.destroy();
    return;
  }
  const [status, reason] = unreadable[error.code ?? ''] ?? [400, 'Bad Request'];
  const code = `${reason.replaceAll(' ', '')}HttpException`;
  const detail = 'The request could not be read.';
  const body = JSON.stringify({ errors: [{ code, status: String(status), detail }] });
  const head = `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json\r\nconnection: close`;
  socket.end(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

const unreadable: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};
