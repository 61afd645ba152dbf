import type { FastifyInstance, FastifyRequest } from 'fastify';
import { routeNotFound } from '../api-error.ts';
import { sendJson } from '../request/answer.ts';
import type { Services } from '../services.ts';
import { isLoopback } from './loopback.ts';
import { sentPath } from './unrouted.ts';

/** Health, readiness and metrics, for whoever runs the service. */
export function registerOperations(app: FastifyInstance, services: Services): void {
  app.get('/healthz', { schema: { hide: true }, config: { template: '/healthz' } }, (_request, reply) =>
    sendJson(reply, { status: 'ok' }),
  );
  app.get('/readyz', { schema: { hide: true }, config: { template: '/readyz' } }, async (_request, reply) => {
    try {
      await services.database.ping();
      return sendJson(reply, { status: 'ok', database: 'ok' });
    } catch (error) {
      services.logger.error({ err: error }, 'not ready: the database does not answer');
      return sendJson(reply.code(503), { status: 'unavailable', database: 'unavailable' });
    }
  });
  app.get(
    '/metrics',
    {
      schema: { hide: true },
      config: { template: '/metrics' },
      onRequest: loopbackOnly(services.settings.server.public_metrics),
    },
    async (_request, reply) => {
      const { contentType } = services.metrics.registry;
      return reply.header('content-type', contentType).send(await services.collectMetrics());
    },
  );
}

/** A hook that hides a route from everyone who does not connect from this machine, unless it is public. */
export function loopbackOnly(isPublic: boolean): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    if (!isPublic && !isLoopback(request)) throw routeNotFound(sentPath(request));
  };
}
