import fastify from 'fastify';
import type { Settings } from '../config/settings.ts';
import type { Services } from '../services.ts';
import { registerApi } from './api.ts';
import { registerDocs } from './docs.ts';

/**
 * The OpenAPI document that a service with these settings answers, made without a panel: the routes are
 * registered, and nobody ever calls them.
 */
export async function describeApi(settings: Settings): Promise<object> {
  const app = fastify();
  try {
    await registerDocs(app, false);
    // Registering reads the settings; everything else is for requests.
    await registerApi(app, { settings } as Services);
    await app.ready();
    return app.swagger();
  } finally {
    await app.close();
  }
}
