import type { FastifyInstance, FastifyRequest } from 'fastify';
import { coerceSelection } from '../allocations/nodes-routes.ts';
import { ApiError } from '../api-error.ts';
import { type Access, AccessLevel } from '../auth/access.ts';
import { type OnceRequest, RepeatedRequest } from '../idempotency/once.ts';
import { coerceBoolean, coerceInteger } from '../input/coerce.ts';
import type { Input } from '../input/input.ts';
import { needsOwnTables } from '../own-tables/needs-own-tables.ts';
import { sendJson } from '../request/answer.ts';
import { callerOf } from '../request/caller.ts';
import { idempotencyHeader, onceOf } from '../request/once-request.ts';
import type { Services } from '../services.ts';
import { extendClaim, releaseClaim, repeatClaim, replaceClaim, viewClaim } from './change-claim.ts';
import { toClaim } from './claim.ts';
import { toWish } from './claim-input.ts';
import type { ClaimInput } from './claim-wish.ts';
import type { MadeClaim } from './hold-ports.ts';
import { makeClaim } from './make-claim.ts';
import {
  claimAnswerSchema,
  claimParams,
  claimRefusals,
  claimSchema,
  extensionSchema,
  madeClaimSchema,
  makingRefusals,
  replacementSchema,
} from './schema.ts';

const template = '/api/application/allocations/claims';
const path = '/allocations/claims/:claim(^[0-9a-f-]{36}$)';
const tags = ['Allocation claims'];

const access = (level: number): Access => ({
  resource: 'allocations',
  level,
  target: 'none',
  selfService: false,
  guardsAdmins: false,
  allowsAnonymous: false,
});

type ClaimRequest = FastifyRequest<{ Params: { claim: string } }>;

/** Claims of free ports: made, looked at, extended, replaced, ended. */
export function claimRoutes(api: FastifyInstance, services: Services): void {
  makeRoute(api, services);
  viewRoute(api, services);
  releaseRoute(api, services);
  extendRoute(api, services);
  replaceRoute(api, services);
}

function makeRoute(api: FastifyInstance, services: Services): void {
  const { idempotency } = services;
  api.post<{ Body: ClaimInput }>(
    '/allocations/claims',
    {
      config: { access: access(AccessLevel.write), template },
      preValidation: [needsOwnTables(services.hasOwnTables), coerceWish],
      schema: {
        operationId: 'claimAllocations',
        summary: 'Pick free ports and hold them',
        tags,
        headers: idempotencyHeader,
        body: claimSchema,
        response: { 201: madeClaimSchema, ...makingRefusals },
      },
    },
    async (request, reply) => {
      const { actor, credential } = callerOf(request);
      const once = onceOf(request, services.hasOwnTables);
      if (once !== null) await idempotency.forgetOutdated(once);
      const userId = credential.owner.id;
      try {
        const made = await makeClaim(services, actor, userId, toWish(onlyWishes(request.body), null), {
          before: async (queries) => {
            if (once !== null) await idempotency.claimWithin(queries, once);
          },
          after: async (queries, result) => {
            if (once === null) return;
            // Of a claim of many ports, the answer may be longer than what can be kept.
            const { id } = result.claim;
            await idempotency.keepWithin(queries, once, { id }, id);
          },
        });
        return sendJson(reply.code(201), show(made, services));
      } catch (error) {
        if (once === null || !(await isRepeat(error, once, services))) throw error;
        const { id } = (await idempotency.replay(once, async () => true)) as { readonly id: string };
        const repeated = await repeatClaim(services, actor, id);
        reply.header('idempotent-replayed', 'true');
        return sendJson(reply.code(201), show(repeated, services));
      }
    },
  );
}

/** Whether a claim failed because the same request has made it: with the ports that it holds, none may be free. */
async function isRepeat(error: unknown, once: OnceRequest, { idempotency }: Services): Promise<boolean> {
  if (error instanceof RepeatedRequest) return true;
  return error instanceof ApiError && (await idempotency.wasAnswered(once));
}

function viewRoute(api: FastifyInstance, services: Services): void {
  api.get<{ Params: { claim: string } }>(
    path,
    {
      config: { access: access(AccessLevel.read), template: `${template}/{claim}` },
      preValidation: needsOwnTables(services.hasOwnTables),
      schema: {
        operationId: 'getAllocationClaim',
        summary: 'Show a claim and how it stands',
        tags,
        params: claimParams,
        response: { 200: claimAnswerSchema, ...claimRefusals },
      },
    },
    async (request, reply) => {
      const { actor, userId, id } = partsOf(request);
      return sendJson(reply, show(await viewClaim(services, actor, userId, id), services));
    },
  );
}

function releaseRoute(api: FastifyInstance, services: Services): void {
  api.delete<{ Params: { claim: string } }>(
    path,
    {
      config: { access: access(AccessLevel.write), template: `${template}/{claim}` },
      preValidation: needsOwnTables(services.hasOwnTables),
      schema: {
        operationId: 'releaseAllocationClaim',
        summary: 'Let the ports of a claim go',
        tags,
        params: claimParams,
        response: { 204: { type: 'null', description: 'Released' }, ...claimRefusals },
      },
    },
    async (request, reply) => {
      const { actor, userId, id } = partsOf(request);
      await releaseClaim(services, actor, userId, id);
      return reply.code(204).send();
    },
  );
}

function extendRoute(api: FastifyInstance, services: Services): void {
  api.post<{ Params: { claim: string }; Body: { ttl_seconds: number } }>(
    `${path}/extend`,
    {
      config: { access: access(AccessLevel.write), template: `${template}/{claim}/extend` },
      preValidation: [needsOwnTables(services.hasOwnTables), coerceWish],
      schema: {
        operationId: 'extendAllocationClaim',
        summary: 'Hold a claim for so long from now, 24 hours in all at the most',
        tags,
        params: claimParams,
        body: extensionSchema,
        response: { 200: claimAnswerSchema, ...claimRefusals },
      },
    },
    async (request, reply) => {
      const { actor, userId, id } = partsOf(request);
      const { ttl_seconds: ttl } = request.body;
      return sendJson(reply, show(await extendClaim(services, actor, userId, id, ttl), services));
    },
  );
}

function replaceRoute(api: FastifyInstance, services: Services): void {
  api.post<{ Params: { claim: string }; Body: Partial<ClaimInput> }>(
    `${path}/replace`,
    {
      config: { access: access(AccessLevel.write), template: `${template}/{claim}/replace` },
      preValidation: [needsOwnTables(services.hasOwnTables), coerceReplacement],
      schema: {
        operationId: 'replaceAllocationClaim',
        summary: 'Make a new claim in place of one, whose ports are let go',
        tags,
        params: claimParams,
        body: replacementSchema,
        response: { 201: claimAnswerSchema, ...makingRefusals },
      },
    },
    async (request, reply) => {
      const { actor, userId, id } = partsOf(request);
      const made = await replaceClaim(services, actor, userId, id, onlyWishes(request.body));
      return sendJson(reply.code(201), show(made, services));
    },
  );
}

function partsOf(request: ClaimRequest) {
  const { actor, credential } = callerOf(request);
  return { actor, userId: credential.owner.id, id: request.params.claim };
}

function show({ claim, now }: MadeClaim, { panel }: Services) {
  return toClaim(claim, now, panel.clock);
}

/** The fields of a wish, without whatever else body and query hold. */
function onlyWishes<Wishes extends Partial<ClaimInput>>(body: Wishes): Wishes {
  const names = Object.keys(claimSchema.properties);
  return Object.fromEntries(Object.entries(body).filter(([name]) => names.includes(name))) as Wishes;
}

/** The same for a replacement, where null drops some wishes. */
async function coerceReplacement(request: Pick<FastifyRequest, 'body'>): Promise<void> {
  const { ip, port_range } = request.body as Input;
  await coerceWish(request);
  const dropped = Object.entries({ ip, port_range }).filter(([, value]) => value === null);
  Object.assign(request.body as Input, Object.fromEntries(dropped));
}

/** Numbers and truths of a form as such; null as if it were absent. */
async function coerceWish(request: Pick<FastifyRequest, 'body'>): Promise<void> {
  const input = coerceSelection(request.body as Input);
  for (const name of ['count', 'ttl_seconds']) if (name in input) input[name] = coerceInteger(input[name]);
  for (const name of ['consecutive', 'same_ip']) if (name in input) input[name] = coerceBoolean(input[name]);
  request.body = input;
}
