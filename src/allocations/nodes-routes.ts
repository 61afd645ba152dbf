import type { FastifyInstance } from 'fastify';
import { accessDenied } from '../api-error.ts';
import { type Actor, allocationsViewed, requestRefused } from '../audit/activity.ts';
import { type Access, AccessLevel } from '../auth/access.ts';
import { coerceBoolean, coerceInteger } from '../input/coerce.ts';
import { formatCursor } from '../input/cursor.ts';
import type { Input } from '../input/input.ts';
import { refusals } from '../input/schemas.ts';
import { sendJson } from '../request/answer.ts';
import { callerOf } from '../request/caller.ts';
import type { Services } from '../services.ts';
import { toAllocation } from './allocation.ts';
import { createListAllocations } from './list-allocations.ts';
import { defaultPerPage } from './pagination.ts';
import { defaultOrder, parseOrder } from './port-order.ts';
import { fieldsOf, parseIncludes, parsePerPage, readCursor, readFlag, readPortFilter } from './query.ts';
import { relationsOf } from './relations.ts';
import { nodesQuerySchema, portListSchema } from './schema.ts';
import { type NodeSelection, selectNodes } from './select-nodes.ts';
import { type NodeSummary, summarizeNodes } from './summaries.ts';

const template = '/api/application/allocations/free';
/** Filters by what nodes are: whose nodes a caller gets by them tells of it. */
const nodeFields = ['location_ids', 'tags', 'memory', 'disk', 'public'] as const;

const access: Access = {
  resource: 'allocations',
  level: AccessLevel.read,
  target: 'none',
  selfService: false,
  guardsAdmins: false,
  allowsAnonymous: false,
};

/** Query of the list across nodes, after clean-up. */
interface NodesQuery extends Readonly<Record<string, unknown>> {
  readonly per_page?: number;
  readonly filter?: SelectionInput;
}

/** What a caller selects nodes by. */
export interface SelectionInput {
  readonly node_ids?: readonly number[];
  readonly location_ids?: readonly number[];
  readonly tags?: readonly string[];
  readonly memory?: number;
  readonly disk?: number;
  readonly public?: boolean;
}

/** Free ports across nodes, and how the ports of each are taken. */
export function nodesRoutes(api: FastifyInstance, services: Services): void {
  const { panel, settings, activityLog } = services;
  const list = createListAllocations(services);
  api.get<{ Querystring: NodesQuery }>(
    '/allocations/free',
    {
      config: { access, template },
      preValidation: async (request) => coerceQuery(request.query as Input),
      schema: {
        operationId: 'listFreeAllocationsOfNodes',
        summary: 'List free ports across nodes',
        tags: ['Allocations'],
        querystring: nodesQuerySchema(settings.allocations.max_per_page),
        response: { 200: portListSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { query } = request;
      const { actor, credential } = callerOf(request);
      const isSummary = readFlag(query.summary, 'summary');
      const tellsOfNodes = isSummary || nodeFields.some((name) => query.filter?.[name] !== undefined);
      if (tellsOfNodes && !panel.allows(credential, 'nodes', AccessLevel.read)) {
        return refuse(services, actor);
      }
      const { withRoom } = await selectNodes(services, toSelection(query.filter ?? {}));
      const nodeIds = withRoom.map(({ id }) => id);
      if (isSummary) {
        const { page, meta } = pageOf(nodeIds, query);
        const summaries = await summarizeNodes(services, page);
        if (settings.audit.views) await activityLog.append(allocationsViewed(actor, null, null, page.length));
        return sendJson(reply, { object: 'list', data: summaries.map(toSummary), ...meta });
      }
      const order = parseOrder(query.sort);
      const filter = readPortFilter(query, nodeIds, settings.allocations.show_free_only);
      const perPage = query.per_page ?? defaultPerPage;
      const after = readCursor(query.cursor ?? '', order);
      const { rows, next } = await list.byCursor(actor, { filter, order }, after, perPage);
      const includes = parseIncludes(query.include);
      const views =
        includes.size === 0 ? [] : await Promise.all(rows.map((row) => services.nodes.load(row.node_id)));
      const data = rows.map((row, index) => {
        const node = views[index] ?? null;
        const relations = node === null ? null : relationsOf(includes, node, credential, panel);
        const { object, attributes } = toAllocation(row, relations, panel.clock);
        const { id, ...others } = attributes;
        return { object, attributes: { id, node_id: row.node_id, ...others } };
      });
      return sendJson(reply, { object: 'list', data, meta: { cursor: { next, per_page: perPage } } });
    },
  );
}

/** A refusal for want of the right to read nodes; it stands whether it can be recorded or not. */
async function refuse({ settings, activityLog, metrics, logger }: Services, actor: Actor): Promise<never> {
  const refusal = { method: 'GET', route: template, status: 403, reason: 'acl' } as const;
  if (settings.audit.refusals) {
    await activityLog.append(requestRefused(actor, refusal)).catch((error: unknown) => {
      metrics.backgroundFailures.inc({ task: 'refusal_audit' });
      logger.error({ err: error }, 'could not record a refusal');
    });
  }
  throw accessDenied('This action is unauthorized.');
}

/** The nodes of a page of summaries: all, unless a page is asked for. @param nodeIds In order of id. */
function pageOf(nodeIds: readonly number[], query: NodesQuery) {
  if (!('cursor' in query) && query.per_page === undefined) return { page: nodeIds, meta: {} };
  const perPage = query.per_page ?? defaultPerPage;
  const [after = 0] = readCursor(query.cursor ?? '', defaultOrder) ?? [];
  const rest = nodeIds.filter((id) => id > Number(after));
  const page = rest.slice(0, perPage);
  const last = page.at(-1);
  const next = last !== undefined && rest.length > perPage ? formatCursor([last]) : null;
  return { page, meta: { meta: { cursor: { next, per_page: perPage } } } };
}

function coerceQuery(query: Input): void {
  if ('per_page' in query) query.per_page = parsePerPage(query.per_page);
  query.filter = coerceSelection(fieldsOf(query.filter));
}

const listFields = ['node_ids', 'location_ids', 'tags'];

/** Lists may come with commas between, numbers and truths as text. */
export function coerceSelection(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(input)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => {
        if (listFields.includes(name)) {
          const members = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value;
          const isNumbers = name !== 'tags' && Array.isArray(members);
          return [name, isNumbers ? members.map(coerceInteger) : members];
        }
        if (name === 'memory' || name === 'disk') return [name, coerceInteger(value)];
        return name === 'public' ? [name, coerceBoolean(value)] : [name, value];
      }),
  );
}

/** What a caller's input selects. */
export function toSelection(input: SelectionInput): NodeSelection {
  return {
    nodeIds: input.node_ids ?? null,
    locationIds: input.location_ids ?? null,
    tags: input.tags ?? null,
    isPublic: input.public ?? null,
    memory: input.memory ?? 0,
    disk: input.disk ?? 0,
  };
}

/** Shows a summary. */
export function toSummary({ nodeId, total, used, held, free }: NodeSummary) {
  return { object: 'node_allocation_summary', attributes: { node_id: nodeId, total, used, held, free } };
}
