import type { FastifyInstance } from 'fastify';
import { type Access, AccessLevel } from '../auth/access.ts';
import type { Input } from '../input/input.ts';
import { refusals } from '../input/schemas.ts';
import { sendJson } from '../request/answer.ts';
import { callerOf, targetUserOf } from '../request/caller.ts';
import type { Services } from '../services.ts';
import { createCreateKey, type NewKey } from './create-key.ts';
import { createDeleteKey } from './delete-key.ts';
import { createListKeys } from './list-keys.ts';
import { presentFields } from './present-fields.ts';
import { apiKeyListSchema, createdKeySchema, keyParams, newKeySchema, userParams } from './schema.ts';

const listTemplate = '/api/application/users/{user}/api-keys';
const keyTemplate = `${listTemplate}/{identifier}`;

const access = (level: number): Access => ({
  resource: 'users',
  level,
  target: 'user',
  selfService: true,
  guardsAdmins: true,
});

/** A user's client API keys. */
export function apiKeyRoutes(api: FastifyInstance, services: Services): void {
  const listKeys = createListKeys(services);
  const createKey = createCreateKey(services);
  const deleteKey = createDeleteKey(services);

  api.get(
    '/users/:user/api-keys',
    {
      config: { access: access(AccessLevel.read), template: listTemplate },
      schema: {
        operationId: 'listApiKeys',
        summary: "List a user's API keys",
        tags: ['API keys'],
        params: userParams,
        response: { 200: apiKeyListSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const data = await listKeys(callerOf(request).actor, targetUserOf(request).id);
      return sendJson(reply, { object: 'list', data });
    },
  );

  api.post<{ Body: NewKey }>(
    '/users/:user/api-keys',
    {
      config: { access: access(AccessLevel.write), template: listTemplate },
      preValidation: async (request) => {
        request.body = presentFields(request.body as unknown as Input, services.panel) as unknown as NewKey;
      },
      schema: {
        operationId: 'createApiKey',
        summary: 'Make an API key for a user',
        tags: ['API keys'],
        params: userParams,
        body: newKeySchema,
        response: { 200: createdKeySchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { actor } = callerOf(request);
      const { key, secret } = await createKey(actor, targetUserOf(request).id, request.body);
      return sendJson(reply, { ...key, meta: { secret_token: secret } });
    },
  );

  api.delete<{ Params: { identifier: string } }>(
    '/users/:user/api-keys/:identifier(^[A-Za-z0-9_]{16}$)',
    {
      config: { access: access(AccessLevel.write), template: keyTemplate },
      schema: {
        operationId: 'deleteApiKey',
        summary: "Delete one of a user's API keys",
        tags: ['API keys'],
        params: keyParams,
        response: { 204: { type: 'null', description: 'Deleted' }, ...refusals },
      },
    },
    async (request, reply) => {
      await deleteKey(callerOf(request).actor, targetUserOf(request).id, request.params.identifier);
      return reply.code(204).send();
    },
  );
}
