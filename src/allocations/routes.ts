import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Access, AccessLevel } from '../auth/access.ts';
import { coerceInteger } from '../input/coerce.ts';
import type { Input } from '../input/input.ts';
import { refusals } from '../input/schemas.ts';
import { sendJson } from '../request/answer.ts';
import { callerOf, targetNodeOf } from '../request/caller.ts';
import type { Services } from '../services.ts';
import { toAllocation } from './allocation.ts';
import { createListAllocations, type PortQuery } from './list-allocations.ts';
import { createListRuns } from './list-runs.ts';
import { nodesRoutes } from './nodes-routes.ts';
import { defaultPerPage, paginate, parsePage } from './pagination.ts';
import { parseOrder } from './port-order.ts';
import { fieldsOf, parseIncludes, parsePerPage, readCursor, readPortFilter } from './query.ts';
import { nodeInfo, relationsOf } from './relations.ts';
import { toAllocationRun } from './run.ts';
import { allocationListSchema, allocationQuerySchema, nodeParams } from './schema.ts';

const template = '/api/application/nodes/{node}/allocations/free';
const access: Access = {
  resource: 'allocations',
  level: AccessLevel.read,
  target: 'node',
  selfService: false,
  guardsAdmins: false,
  allowsAnonymous: false,
};

/** Query of a node's free ports, after clean-up. */
interface NodeQuery extends Readonly<Record<string, unknown>> {
  readonly per_page?: number;
  readonly consecutive?: number;
}

/** Free ports: of one node, and across nodes. */
export function allocationRoutes(api: FastifyInstance, services: Services): void {
  nodeRoute(api, services);
  nodesRoutes(api, services);
}

function nodeRoute(api: FastifyInstance, services: Services): void {
  const answers = createAnswers(services);
  api.get<{ Querystring: NodeQuery }>(
    '/nodes/:node/allocations/free',
    {
      config: { access, template },
      preValidation: async (request) => coercePageFields(request),
      schema: {
        operationId: 'listFreeAllocations',
        summary: "List a node's free ports",
        tags: ['Allocations'],
        params: nodeParams,
        querystring: allocationQuerySchema(services.settings.allocations.max_per_page),
        response: { 200: allocationListSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { query } = request;
      const node = targetNodeOf(request);
      const freeOnly = services.settings.allocations.show_free_only;
      const filter = readPortFilter(query, [node.id], freeOnly);
      const ports: PortQuery = { filter, order: parseOrder(query.sort) };
      if (query.consecutive !== undefined) {
        return sendJson(reply, await answers.runs(request, { ...filter, freeOnly: true }, query.consecutive));
      }
      const answer = 'cursor' in query ? answers.byCursor : answers.byNumber;
      return sendJson(reply, await answer(request, ports));
    },
  );
}

/** Numbers of a query as numbers. */
export function coercePageFields(request: Pick<FastifyRequest, 'query'>): void {
  const query = request.query as Input;
  if ('per_page' in query) query.per_page = parsePerPage(query.per_page);
  // Whatever else it is counts as none.
  if ('filter' in query) query.filter = { ...fieldsOf(query.filter) };
  if ('consecutive' in query) query.consecutive = coerceInteger(query.consecutive);
}

/** The three forms in which a node's ports are answered. */
function createAnswers(services: Services) {
  const { panel, settings } = services;
  const list = createListAllocations(services);
  const listRuns = createListRuns(services);
  const infoOf = (request: FastifyRequest) => {
    const { credential } = callerOf(request);
    return settings.allocations.include_node_info ? nodeInfo(targetNodeOf(request), credential, panel) : {};
  };
  const relations = (request: FastifyRequest) => {
    const { include } = request.query as NodeQuery;
    return relationsOf(parseIncludes(include), targetNodeOf(request), callerOf(request).credential, panel);
  };
  return {
    async byNumber(request: FastifyRequest, ports: PortQuery) {
      const query = request.query as NodeQuery;
      const page = parsePage(query.page);
      const perPage = query.per_page ?? defaultPerPage;
      const { total, rows } = await list.byNumber(callerOf(request).actor, ports, page, perPage);
      const embedded = relations(request);
      const pagination = paginate({ page, perPage, url: requestedUrl(request), query }, total, rows.length);
      return {
        object: 'list',
        data: rows.map((row) => toAllocation(row, embedded, panel.clock)),
        meta: { pagination, ...infoOf(request) },
      };
    },
    async byCursor(request: FastifyRequest, ports: PortQuery) {
      const query = request.query as NodeQuery;
      const perPage = query.per_page ?? defaultPerPage;
      const after = readCursor(query.cursor, ports.order);
      const { rows, next } = await list.byCursor(callerOf(request).actor, ports, after, perPage);
      const embedded = relations(request);
      return {
        object: 'list',
        data: rows.map((row) => toAllocation(row, embedded, panel.clock)),
        meta: { cursor: { next, per_page: perPage }, ...infoOf(request) },
      };
    },
    async runs(request: FastifyRequest, filter: PortQuery['filter'], length: number) {
      const query = request.query as NodeQuery;
      const perPage = query.per_page ?? defaultPerPage;
      const after = readCursor(query.cursor ?? '', { by: 'ip', isDescending: false });
      const { runs, next } = await listRuns(callerOf(request).actor, filter, length, after, perPage);
      return {
        object: 'list',
        data: runs.map((run) => toAllocationRun(run, panel.clock)),
        meta: { cursor: { next, per_page: perPage }, ...infoOf(request) },
      };
    },
  };
}

/** The address the caller used, without its query; links are made from it, as in the panel. */
function requestedUrl(request: FastifyRequest): string {
  const { scheme, host } = request.client;
  // A request made as to a proxy has the whole address where others have the path.
  const [path = ''] = request.url.replace(/^https?:\/\/[^/]*/, '').split('?', 1);
  return `${scheme}://${host ?? 'localhost'}${path.replace(/\/+$/, '')}`;
}
