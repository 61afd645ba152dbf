import { readFileSync } from 'node:fs';
import swagger from '@fastify/swagger';
import fastify from 'fastify';
import type { Settings } from '../config/settings.ts';
import type { Services } from '../services.ts';
import { registerApi } from './api.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/**
 * The OpenAPI document of a service with these settings, from the schemas that validate. Made without a panel: the
 * routes are registered, and nobody ever calls them.
 */
export async function describeApi(settings: Settings): Promise<object> {
  const app = fastify();
  try {
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
    // Registering reads the settings; everything else is for requests.
    await registerApi(app, { settings } as Services);
    await app.ready();
    return app.swagger();
  } finally {
    await app.close();
  }
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
