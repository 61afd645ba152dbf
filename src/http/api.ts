import type { FastifyInstance } from 'fastify';
import { allocationRoutes } from '../allocations/routes.ts';
import { apiKeyRoutes } from '../api-keys/routes.ts';
import { claimRoutes } from '../claims/routes.ts';
import { compileSchema } from '../input/validator.ts';
import type { Services } from '../services.ts';
import { Guard } from './guard.ts';

/** Puts every endpoint of the API under its prefix, each behind the guard. */
export async function registerApi(app: FastifyInstance, services: Services): Promise<void> {
  app.setValidatorCompiler(({ schema }) => compileSchema(schema as object));
  await app.register((api) => registerRoutes(api, services), { prefix: '/api/application' });
}

async function registerRoutes(api: FastifyInstance, services: Services): Promise<void> {
  const guard = new Guard(services);
  api.addHook('onRoute', ({ url, config }) => {
    if (config?.access === undefined) throw new Error(`${url} does not declare what it asks of its caller`);
  });
  api.addHook('preValidation', (request, reply) => guard.admit(request, reply));
  apiKeyRoutes(api, services);
  allocationRoutes(api, services);
  claimRoutes(api, services);
}
