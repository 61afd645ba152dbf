import { readFileSync } from 'node:fs';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { loopbackOnly } from './operations.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/**
 * The OpenAPI document, made from the schemas that validate, at `/openapi.json`, and a page that shows it at
 * `/docs`, which loads nothing from elsewhere. Register it before any route of the API.
 */
export async function registerDocs(app: FastifyInstance, isPublic: boolean): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'panel-sidecar',
        version,
        description: 'The Application API endpoints that the panel lacks: client API keys and free ports.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: "One of the panel's own keys: identifier and secret in one, 48 characters.",
          },
        },
      },
      security: [{ bearer: [] }],
    },
    transform: ({ schema, url, route }) => ({ schema, url: route.config?.template ?? url }),
    transformObject: (document) =>
      'openapiObject' in document ? withDeepObjects(document.openapiObject) : {},
  });
  app.get(
    '/openapi.json',
    {
      schema: { hide: true },
      config: { template: '/openapi.json' },
      onRequest: loopbackOnly(isPublic),
    },
    () => app.swagger(),
  );
  await app.register(async (docs) => {
    // The page's own hooks (`uiHooks`) would leave its scripts and styles out.
    docs.addHook('onRequest', loopbackOnly(isPublic));
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      uiConfig: { validatorUrl: null, docExpansion: 'list', deepLinking: true },
      staticCSP: true,
    });
  });
}

interface Described {
  readonly paths?: Readonly<Record<string, unknown>>;
}

/** Says of every parameter that is an object that it is written `name[part]=value`, as PHP reads it. */
function withDeepObjects<Document extends Described>(document: Document): Document {
  const operations = Object.values(document.paths ?? {}).flatMap((path) => Object.values(path ?? {}));
  for (const { parameters = [] } of operations as { parameters?: Record<string, unknown>[] }[]) {
    for (const parameter of parameters) {
      const { type } = (parameter.schema ?? {}) as { type?: unknown };
      if (type === 'object') Object.assign(parameter, { style: 'deepObject', explode: true });
    }
  }
  return document;
}
