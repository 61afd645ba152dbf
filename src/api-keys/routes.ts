import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { migrationRequired } from '../api-error.ts';
import { AccessLevel } from '../auth/access.ts';
import { coerceBoolean, coerceInteger } from '../input/coerce.ts';
import type { Input } from '../input/input.ts';
import { parseRowId } from '../input/row-id.ts';
import { refusals } from '../input/schemas.ts';
import { needsOwnTables } from '../own-tables/needs-own-tables.ts';
import { migrateCommand } from '../own-tables/presence.ts';
import { sendJson } from '../request/answer.ts';
import { callerOf, targetUserOf } from '../request/caller.ts';
import { idempotencyHeader, onceOf } from '../request/once-request.ts';
import type { Services } from '../services.ts';
import { allKeysRoutes } from './all-keys-routes.ts';
import { apiKeyListSchema, createdKeySchema, revokedKeysSchema } from './answer-schema.ts';
import { createCreateKey, type NewKey } from './create-key.ts';
import { createDeleteKey, createRevokeKeys, type RevokeInput } from './delete-keys.ts';
import { everyKey, type KeyFilter } from './key-filter.ts';
import { keyRoutes } from './key-routes.ts';
import { asksForScope } from './key-scope.ts';
import { createKeyLists } from './list-keys.ts';
import { presentFields } from './present-fields.ts';
import { fieldsQuery, keyListQuery, keyParams, userParams } from './query-schema.ts';
import {
  coerceFilter,
  fieldsOf,
  keyCallerOf,
  keyTemplates,
  userKeyPath,
  userKeysAccess,
} from './route-parts.ts';
import { newKeySchema, revokeSchema } from './schema.ts';

const tags = ['API keys'];

/** Client API keys: of one user, one of them, of all users. */
export function apiKeyRoutes(api: FastifyInstance, services: Services): void {
  listRoute(api, services);
  createRoute(api, services);
  deleteRoute(api, services);
  revokeRoute(api, services);
  keyRoutes(api, services);
  allKeysRoutes(api, services);
}

function listRoute(api: FastifyInstance, services: Services): void {
  const lists = createKeyLists(services);
  api.get<{ Params: { user: string }; Querystring: { filter?: KeyFilter } }>(
    '/users/:user/api-keys',
    {
      // Read while the caller is checked, so that both share the time of a round trip. Whoever is refused
      // never sees it, and whoever shows no key is refused without it.
      onRequest: (request, _reply, done) => {
        const id = parseRowId(request.params.user, services.database.largestId);
        if (id !== null && request.headers.authorization !== undefined) {
          request.keyHolder = lists.read(id);
          // A failure is the caller's concern only if the checks let them get as far.
          request.keyHolder.catch(() => undefined);
        }
        done();
      },
      config: { access: userKeysAccess(AccessLevel.read), template: keyTemplates.userKeys },
      preValidation: (request, _reply, done) => {
        coerceFilter(request);
        done();
      },
      schema: {
        operationId: 'listApiKeys',
        summary: "List a user's API keys",
        tags,
        params: userParams,
        querystring: keyListQuery,
        response: { 200: apiKeyListSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { actor } = callerOf(request);
      const filter = request.query.filter ?? everyKey;
      const holder = await request.keyHolder;
      if (holder === null) throw new Error('a list without the user it is of');
      const data = await lists.show(actor, holder, filter, fieldsOf(request));
      return sendJson(reply, { object: 'list', data });
    },
  );
}

function createRoute(api: FastifyInstance, services: Services): void {
  const createKey = createCreateKey(services);
  api.post<{ Body: NewKey }>(
    '/users/:user/api-keys',
    {
      config: { access: userKeysAccess(AccessLevel.write), template: keyTemplates.userKeys },
      preValidation: async (request) => {
        const input = presentFields(request.body as unknown as Input, services.panel);
        if ('expires_in' in input) input.expires_in = coerceInteger(input.expires_in);
        request.body = input as unknown as NewKey;
      },
      schema: {
        operationId: 'createApiKey',
        summary: 'Make an API key for a user',
        tags,
        params: userParams,
        querystring: Type.Object(fieldsQuery),
        headers: idempotencyHeader,
        body: newKeySchema,
        response: { 200: createdKeySchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const needsTables = asksForScope(body) || (body.reference ?? null) !== null;
      if (needsTables && !services.hasOwnTables) throw migrationRequired(migrateCommand);
      const options = { fields: fieldsOf(request), once: onceOf(request, services.hasOwnTables) };
      const caller = keyCallerOf(request, services);
      const { answer, isReplay } = await createKey(caller, targetUserOf(request).id, body, options);
      if (isReplay) reply.header('idempotent-replayed', 'true');
      return sendJson(reply, answer);
    },
  );
}

function deleteRoute(api: FastifyInstance, services: Services): void {
  const deleteKey = createDeleteKey(services);
  api.delete<{ Params: { identifier: string } }>(
    userKeyPath,
    {
      config: { access: userKeysAccess(AccessLevel.write), template: keyTemplates.userKey },
      schema: {
        operationId: 'deleteApiKey',
        summary: "Delete one of a user's API keys",
        tags,
        params: keyParams,
        response: { 204: { type: 'null', description: 'Deleted' }, ...refusals },
      },
    },
    async (request, reply) => {
      const caller = keyCallerOf(request, services);
      await deleteKey(caller, targetUserOf(request).id, request.params.identifier);
      return reply.code(204).send();
    },
  );
}

function revokeRoute(api: FastifyInstance, services: Services): void {
  const revokeKeys = createRevokeKeys(services);
  api.post<{ Body: RevokeInput }>(
    '/users/:user/api-keys/revoke',
    {
      config: { access: userKeysAccess(AccessLevel.write), template: `${keyTemplates.userKeys}/revoke` },
      preValidation: [
        needsOwnTables(services.hasOwnTables),
        async (request) => {
          const input = request.body as unknown as Input;
          if ('all' in input) input.all = coerceBoolean(input.all);
        },
      ],
      schema: {
        operationId: 'revokeApiKeys',
        summary: "Delete all of a user's API keys, or all but some",
        tags,
        params: userParams,
        body: revokeSchema,
        response: { 200: revokedKeysSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const caller = keyCallerOf(request, services);
      const identifiers = await revokeKeys(caller, targetUserOf(request).id, request.body);
      const data = identifiers.map((identifier) => ({
        object: 'revoked_api_key',
        attributes: { identifier },
      }));
      return sendJson(reply, { object: 'list', data });
    },
  );
}
