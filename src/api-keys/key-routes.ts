import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { AccessLevel } from '../auth/access.ts';
import { coerceInteger } from '../input/coerce.ts';
import { type Input, withoutNulls } from '../input/input.ts';
import { refusals } from '../input/schemas.ts';
import { needsOwnTables } from '../own-tables/needs-own-tables.ts';
import { sendJson } from '../request/answer.ts';
import { callerOf, targetUserOf } from '../request/caller.ts';
import { idempotencyHeader, onceOf } from '../request/once-request.ts';
import type { Services } from '../services.ts';
import { apiKeySchema, createdKeySchema } from './answer-schema.ts';
import { createChangeKey, type KeyChange } from './change-key.ts';
import { createGetKey } from './get-key.ts';
import { fieldsQuery, keyParams } from './query-schema.ts';
import { createRotateKey } from './rotate-key.ts';
import { fieldsOf, keyCallerOf, keyTemplates, userKeyPath, userKeysAccess } from './route-parts.ts';
import { keyChangeSchema, rotationSchema } from './schema.ts';
import { createSuspendKey } from './suspend-key.ts';

const tags = ['API keys'];
const querystring = Type.Object(fieldsQuery);

/** One key of a user. */
export function keyRoutes(api: FastifyInstance, services: Services): void {
  getRoute(api, services);
  changeRoute(api, services);
  rotateRoute(api, services);
  suspendRoute(api, services, 'disable', 'Suspend an API key without losing it');
  suspendRoute(api, services, 'enable', 'Let a disabled API key work again');
}

function getRoute(api: FastifyInstance, services: Services): void {
  const getKey = createGetKey(services);
  api.get<{ Params: { identifier: string } }>(
    userKeyPath,
    {
      config: { access: userKeysAccess(AccessLevel.read), template: keyTemplates.userKey },
      preValidation: needsOwnTables(services.hasOwnTables),
      schema: {
        operationId: 'getApiKey',
        summary: "Show one of a user's API keys",
        tags,
        params: keyParams,
        querystring,
        response: { 200: apiKeySchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { identifier } = request.params;
      const user = targetUserOf(request).id;
      return sendJson(reply, await getKey(callerOf(request).actor, user, identifier, fieldsOf(request)));
    },
  );
}

function changeRoute(api: FastifyInstance, services: Services): void {
  const changeKey = createChangeKey(services);
  api.patch<{ Params: { identifier: string }; Body: KeyChange }>(
    userKeyPath,
    {
      config: { access: userKeysAccess(AccessLevel.write), template: keyTemplates.userKey },
      preValidation: [
        needsOwnTables(services.hasOwnTables),
        async (request) => {
          const input = request.body as unknown as Input;
          if ('expires_in' in input) input.expires_in = coerceInteger(input.expires_in);
        },
      ],
      schema: {
        operationId: 'changeApiKey',
        summary: "Change one of a user's API keys",
        tags,
        params: keyParams,
        querystring,
        body: keyChangeSchema,
        response: { 200: apiKeySchema, ...refusals },
      },
    },
    async (request, reply) => {
      const caller = keyCallerOf(request, services);
      const { identifier } = request.params;
      const change = onlyChanges(request.body);
      const fields = fieldsOf(request);
      return sendJson(reply, await changeKey(caller, targetUserOf(request).id, identifier, change, fields));
    },
  );
}

/** The fields of a change, without whatever else body and query hold. */
function onlyChanges(body: KeyChange): KeyChange {
  const names = Object.keys(keyChangeSchema.properties);
  return Object.fromEntries(Object.entries(body).filter(([name]) => names.includes(name)));
}

function rotateRoute(api: FastifyInstance, services: Services): void {
  const rotateKey = createRotateKey(services);
  api.post<{ Params: { identifier: string }; Body: { grace_seconds?: number } }>(
    `${userKeyPath}/rotate`,
    {
      config: { access: userKeysAccess(AccessLevel.write), template: `${keyTemplates.userKey}/rotate` },
      preValidation: [
        needsOwnTables(services.hasOwnTables),
        async (request) => {
          const input = withoutNulls(request.body as unknown as Input, ['grace_seconds']);
          if ('grace_seconds' in input) input.grace_seconds = coerceInteger(input.grace_seconds);
          request.body = input;
        },
      ],
      schema: {
        operationId: 'rotateApiKey',
        summary: 'Replace an API key by a new one with the same settings',
        tags,
        params: keyParams,
        querystring,
        headers: idempotencyHeader,
        body: rotationSchema,
        response: { 200: createdKeySchema, ...refusals },
      },
    },
    async (request, reply) => {
      const caller = keyCallerOf(request, services);
      const { identifier } = request.params;
      const options = { fields: fieldsOf(request), once: onceOf(request, services.hasOwnTables) };
      const grace = request.body.grace_seconds ?? 0;
      const user = targetUserOf(request).id;
      const { answer, isReplay } = await rotateKey(caller, user, identifier, grace, options);
      if (isReplay) reply.header('idempotent-replayed', 'true');
      return sendJson(reply, answer);
    },
  );
}

function suspendRoute(
  api: FastifyInstance,
  services: Services,
  action: 'disable' | 'enable',
  summary: string,
): void {
  const suspendKey = createSuspendKey(services);
  api.post<{ Params: { identifier: string } }>(
    `${userKeyPath}/${action}`,
    {
      config: { access: userKeysAccess(AccessLevel.write), template: `${keyTemplates.userKey}/${action}` },
      preValidation: needsOwnTables(services.hasOwnTables),
      schema: {
        operationId: `${action}ApiKey`,
        summary,
        tags,
        params: keyParams,
        querystring,
        response: { 200: apiKeySchema, ...refusals },
      },
    },
    async (request, reply) => {
      const caller = keyCallerOf(request, services);
      const { identifier } = request.params;
      const user = targetUserOf(request).id;
      return sendJson(reply, await suspendKey(caller, user, identifier, action, fieldsOf(request)));
    },
  );
}
