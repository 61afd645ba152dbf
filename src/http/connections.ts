import { Server, type Socket } from 'node:net';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Services } from '../services.ts';
import { Bag, type Bagged } from './bag.ts';
import type { InFlight } from './in-flight.ts';
import { OncePerMinute } from './once-per-minute.ts';

/** Most requests that a connection may bring ahead of their answers; clients hardly ever send a second one. */
const aheadAtMost = 32;
/** How long connections may still bring requests once the service stops, in milliseconds. */
const lastRequestsMs = 100;

/**
 * Counts what is in flight. Bounds how many connections there are, how many requests each may bring ahead of their
 * answers, and how long an answer may wait to be taken; closes connections on a stop.
 */
export function registerConnections(
  app: FastifyInstance,
  { settings, logger }: Pick<Services, 'settings' | 'logger'>,
  inFlight: InFlight,
): void {
  const logged = new OncePerMinute();
  const warn = (text: string, ip: string | undefined) => {
    if (logged.isFirst(text, new Date())) logger.warn({ ip }, `${text}; others are not logged for a minute`);
  };
  app.server.maxConnections = settings.server.max_connections;
  app.server.on('drop', (connection) => {
    warn('a connection beyond server.max_connections was closed', connection?.remoteAddress);
  });
  countRequests(app, inFlight, (socket) => {
    warn(
      `a client sent more than ${aheadAtMost} requests ahead of their answers, and was hung up on`,
      socket.remoteAddress,
    );
  });
  dropUnreadAnswers(app, inFlight, settings.server.request_timeout_ms, (socket) => {
    warn('a client did not take its answer, and was hung up on', socket.remoteAddress);
  });
  closeOnStop(app, inFlight);
}

/**
 * Whatever a connection has brought is taken in at once, in packets of hundreds of requests, and the answer to each
 * waits for those before it. Thousands of connections could so fill the memory without a key between them.
 */
function countRequests(app: FastifyInstance, inFlight: InFlight, onDrop: (socket: Socket) => void): void {
  // Before the framework's own, which comes to nothing on a closed connection: see `registerArrival`.
  app.server.prependListener('request', ({ socket }, response) => {
    if (inFlight.add(response) <= aheadAtMost || socket.destroyed) return;
    onDrop(socket);
    socket.destroy();
  });
}

/**
 * A client that does not take its answer would keep it in memory, and a place among those in flight, for ever. It
 * has as long as for sending a request, and at most half as long again.
 */
function dropUnreadAnswers(
  app: FastifyInstance,
  inFlight: InFlight,
  timeoutMs: number,
  onDrop: (socket: Socket) => void,
): void {
  let since = new Map<unknown, number>();
  const look = () => {
    const now = performance.now();
    const unread = inFlight.unread();
    since = new Map(unread.map((response) => [response, since.get(response) ?? now]));
    for (const response of unread) {
      if (now - (since.get(response) ?? now) < timeoutMs) continue;
      onDrop(response.req.socket);
      response.req.socket.destroy();
    }
  };
  const timer = setInterval(look, timeoutMs / 2);
  timer.unref();
  app.addHook('onClose', async () => clearInterval(timer));
}

/**
 * What has been sent is still answered when the service stops, and every answer from then on says that the
 * connection ends with it. For a moment connections go on bringing requests, so that those in use end that way,
 * which no client takes for a failure. Then all others are closed: one kept for a next request, or with half a
 * request on it, would keep the service that is to stop.
 */
function closeOnStop(app: FastifyInstance, inFlight: InFlight): void {
  const connections = new Bag<Socket & Bagged>();
  app.server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  // Runs once the framework marks its answers with `Connection: close`.
  app.addHook('preClose', async () => {
    // A turn of the event loop takes whoever has connected until then. After it others are refused, which tells them
    // that nothing was done. Not by HTTP's own method, which would also close all idle connections in one breath.
    await turn();
    Server.prototype.close.call(app.server);
    const until = performance.now() + lastRequestsMs;
    while (connections.size > 0 && performance.now() < until) {
      for (const response of inFlight.arrived()) response.shouldKeepAlive = false;
      await delay(lastRequestsMs / 20);
    }
    // Each turn reads what has arrived: only what comes between it and the next line is lost.
    for (const socket of connections) {
      await turn();
      const busy = inFlight.arrived().some((response) => response.req.socket === socket);
      if (!busy) socket.destroy();
    }
  });
}
