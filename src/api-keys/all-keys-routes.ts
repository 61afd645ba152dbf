import type { FastifyInstance, FastifyRequest } from 'fastify';
import { tooManyRequests } from '../api-error.ts';
import { AccessLevel } from '../auth/access.ts';
import { coerceInteger } from '../input/coerce.ts';
import { parseCursor } from '../input/cursor.ts';
import type { Input } from '../input/input.ts';
import { parseInstant } from '../input/instant.ts';
import { invalid } from '../input/invalid.ts';
import { refusals } from '../input/schemas.ts';
import { needsOwnTables } from '../own-tables/needs-own-tables.ts';
import { subscriberOf } from '../panel/ip-address.ts';
import { accountKeyType } from '../panel/panel.ts';
import { sendJson } from '../request/answer.ts';
import { callerOf } from '../request/caller.ts';
import type { Services } from '../services.ts';
import { keySearchSchema, leakedAnswerSchema, leakedReceiptSchema } from './answer-schema.ts';
import { keySearchQuery } from './query-schema.ts';
import { createRevokeLeaked } from './revoke-leaked.ts';
import { allKeysAccess, coerceFilter, fieldsOf, keyTemplates } from './route-parts.ts';
import { leakedSchema } from './schema.ts';
import { type AdminSight, createSearchKeys, type KeySearch } from './search-keys.ts';

const tags = ['API keys'];
const defaultPerPage = 50;
/** What anyone may send at once without a key. */
const anonymousKeys = 10;

/** Keys of all users. */
export function allKeysRoutes(api: FastifyInstance, services: Services): void {
  searchRoute(api, services);
  leakedRoute(api, services);
}

interface SearchQuery {
  readonly cursor?: string | null;
  readonly per_page?: number;
  readonly filter?: Readonly<Record<string, unknown>>;
}

function searchRoute(api: FastifyInstance, services: Services): void {
  const searchKeys = createSearchKeys(services);
  api.get<{ Querystring: SearchQuery }>(
    '/api-keys',
    {
      config: { access: allKeysAccess(AccessLevel.read, false), template: keyTemplates.allKeys },
      preValidation: [
        needsOwnTables(services.hasOwnTables),
        async (request) => {
          coerceFilter(request);
          const query = request.query as Input;
          if ('per_page' in query) query.per_page = coerceInteger(query.per_page);
        },
      ],
      schema: {
        operationId: 'searchApiKeys',
        summary: 'Search the API keys of all users',
        tags,
        querystring: keySearchQuery,
        response: { 200: keySearchSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { cursor, per_page: perPage = defaultPerPage, filter = {} } = request.query;
      const after = placeOf(cursor ?? '', services.database.largestId);
      const { actor } = callerOf(request);
      const sight = adminSightOf(request, services);
      const search = toSearch(filter);
      const page = await searchKeys(actor, sight, search, { after, perPage }, fieldsOf(request));
      return sendJson(reply, {
        object: 'list',
        data: page.keys,
        meta: { cursor: { next: page.next, per_page: perPage } },
      });
    },
  );
}

/** The row id that a page begins after; null for the first page. @throws ApiError 422 */
function placeOf(cursor: string, largestId: number): number | null {
  const place = parseCursor(cursor, 1);
  if (place === null) return null;
  const id = place?.[0];
  // Some databases refuse to compare an id that none of their columns holds.
  if (typeof id === 'number' && id >= 1 && id <= largestId) return id;
  throw invalid('cursor', 'cursor', 'The cursor is not one of this list.');
}

/** An admin's keys show where a path to them would be open: to all if the operator says so, else their own. */
function adminSightOf(request: FastifyRequest, { settings }: Services): AdminSight {
  const { credential } = callerOf(request);
  const isOwnSight =
    settings.api_key.self_service && credential.keyType === accountKeyType && credential.owner.isRootAdmin;
  return { all: settings.api_key.allow_admin_targets, ownUserId: isOwnSight ? credential.owner.id : null };
}

function toSearch(filter: Readonly<Record<string, unknown>>): KeySearch {
  const given = Object.entries({
    description: filter.description,
    reference: filter.reference,
    expired: filter.expired,
    disabled: filter.disabled,
    user: filter.user,
    unusedSince: toInstant(filter, 'unused_since'),
    neverUsed: filter.never_used,
    expiresBefore: toInstant(filter, 'expires_before'),
    hasIpRestriction: filter.has_ip_restriction,
    permission: filter.permission,
    ownerIsAdmin: filter.owner_is_admin,
  }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as KeySearch;
}

function toInstant(filter: Readonly<Record<string, unknown>>, name: string): Date | undefined {
  const text = filter[name];
  if (typeof text !== 'string') return undefined;
  const instant = parseInstant(text);
  if (instant !== null) return instant;
  throw invalid(`filter.${name}`, 'date', `The filter.${name} is not a valid date.`);
}

function leakedRoute(api: FastifyInstance, services: Services): void {
  const revokeLeaked = createRevokeLeaked(services);
  api.post<{ Body: { keys: readonly string[] } }>(
    '/api-keys/revoke',
    {
      config: {
        access: allKeysAccess(AccessLevel.write, true),
        template: `${keyTemplates.allKeys}/revoke`,
      },
      preValidation: needsOwnTables(services.hasOwnTables),
      schema: {
        operationId: 'revokeLeakedApiKeys',
        summary: 'Revoke keys that have leaked',
        description:
          'Holding a key is proof enough. Without a key of your own, the answer only counts what was sent.',
        tags,
        security: [{}, { bearer: [] }],
        body: leakedSchema,
        response: { 200: leakedAnswerSchema, 202: leakedReceiptSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { keys } = request.body;
      if (request.caller !== null) {
        const revoked = await revokeLeaked(request.caller.actor, keys);
        const data = revoked.map((isRevoked, index) => ({
          object: 'key_revocation',
          attributes: { index, revoked: isRevoked },
        }));
        return sendJson(reply, { object: 'list', data });
      }
      await limitAnonymous(services, request, keys.length);
      await revokeLeaked({ userId: null, apiKeyId: null, ip: request.client.ip }, keys);
      const attributes = { received: keys.length };
      return sendJson(reply.code(202), { object: 'key_revocation_receipt', attributes });
    },
  );
}

async function limitAnonymous(
  { rateLimiter, limits }: Services,
  request: FastifyRequest,
  count: number,
): Promise<void> {
  const { allowed, retryAfter } = await rateLimiter.hit(limits.leakedKeys, subscriberOf(request.client.ip));
  if (!allowed) throw tooManyRequests({ 'retry-after': String(retryAfter) });
  if (count <= anonymousKeys) return;
  throw invalid(
    'keys',
    'max',
    `The keys may not have more than ${anonymousKeys} items without a key of your own.`,
  );
}
