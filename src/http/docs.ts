import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { routeNotFound } from '../api-error.ts';
import type { Settings } from '../config/settings.ts';
import { loopbackOnly } from './operations.ts';
import { sentPath } from './unrouted.ts';

/**
 * The OpenAPI document at `/openapi.json`, and a page that shows it at `/docs`, which loads nothing from elsewhere.
 * Both are made when they are first asked for: the service starts sooner without what they need.
 */
export function registerDocs(app: FastifyInstance, settings: Settings): void {
  const onRequest = loopbackOnly(settings.server.public_docs);
  const document = once(async () => (await import('./document.ts')).describeApi(settings));
  const page = once(async () => (await import('./docs-page.ts')).buildDocsPage(await document()));
  app.get(
    '/openapi.json',
    { schema: { hide: true }, config: { template: '/openapi.json' }, onRequest },
    document,
  );
  const show = async (request: FastifyRequest, reply: FastifyReply) => {
    const { statusCode, headers, rawPayload } = await (await page()).inject({
      ...{ method: request.method as 'GET', url: request.url, headers: request.headers },
    });
    if (statusCode === 404) throw routeNotFound(sentPath(request));
    return reply.code(statusCode).headers(headers).send(rawPayload);
  };
  for (const path of ['/docs', '/docs/*']) {
    app.get(path, { schema: { hide: true }, config: { template: '/docs' }, onRequest }, show);
  }
}

/** What `make` makes, made at the first call; one that fails is made again at the next. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | null = null;
  return () => {
    made ??= make().catch((error) => {
      made = null;
      throw error;
    });
    return made;
  };
}
