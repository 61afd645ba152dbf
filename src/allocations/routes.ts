import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Access, AccessLevel } from '../auth/access.ts';
import type { Input } from '../input/input.ts';
import { refusals } from '../input/schemas.ts';
import type { Credential, NodeView, Panel } from '../panel/panel.ts';
import { sendJson } from '../request/answer.ts';
import { callerOf, targetNodeOf } from '../request/caller.ts';
import type { Services } from '../services.ts';
import { toAllocation } from './allocation.ts';
import { createListAllocations } from './list-allocations.ts';
import { defaultPerPage, paginate, parsePage } from './pagination.ts';
import { parseIncludes, parsePerPage } from './query.ts';
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

/** A node's free ports. */
export function allocationRoutes(api: FastifyInstance, services: Services): void {
  const listAllocations = createListAllocations(services);
  const { include_node_info, max_per_page } = services.settings.allocations;

  api.get<{ Querystring: { per_page?: number; page?: unknown; include?: unknown } }>(
    '/nodes/:node/allocations/free',
    {
      config: { access, template },
      preValidation: async (request) => {
        const query = request.query as Input;
        if ('per_page' in query) query.per_page = parsePerPage(query.per_page);
      },
      schema: {
        operationId: 'listFreeAllocations',
        summary: "List a node's free ports",
        tags: ['Allocations'],
        params: nodeParams,
        querystring: allocationQuerySchema(max_per_page),
        response: { 200: allocationListSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { actor, credential } = callerOf(request);
      const node = targetNodeOf(request);
      const page = parsePage(request.query.page);
      const perPage = request.query.per_page ?? defaultPerPage;
      const { total, rows } = await listAllocations(actor, node.id, page, perPage);
      const relations = relationsOf(parseIncludes(request.query.include), node, credential, services.panel);
      const pageRequest = { page, perPage, url: requestedUrl(request), query: request.query };
      const pagination = paginate(pageRequest, total, rows.length);
      const info = include_node_info ? nodeInfo(node, credential, services.panel) : {};
      return sendJson(reply, {
        object: 'list',
        data: rows.map((row) => toAllocation(row, relations)),
        meta: { pagination, ...info },
      });
    },
  );
}

/** What each port embeds. A free port has no server, and what the caller may not read shows the same way. */
function relationsOf(
  includes: ReadonlySet<string>,
  node: NodeView,
  credential: Credential,
  panel: Panel,
): Readonly<Record<string, unknown>> | null {
  const relations: Record<string, unknown> = {};
  const nothing = { object: 'null_resource', attributes: null };
  if (includes.has('node')) {
    const isReadable = panel.allows(credential, 'nodes', AccessLevel.read);
    relations.node = isReadable ? { object: 'node', attributes: node.attributes } : nothing;
  }
  if (includes.has('server')) relations.server = nothing;
  return Object.keys(relations).length === 0 ? null : relations;
}

function nodeInfo(node: NodeView, credential: Credential, panel: Panel) {
  if (!panel.allows(credential, 'nodes', AccessLevel.read)) return {};
  const location = panel.allows(credential, 'locations', AccessLevel.read) ? { location: node.location } : {};
  return { node: { ...node.summary, ...location } };
}

/** The address the caller used, without its query; links are made from it, as in the panel. */
function requestedUrl(request: FastifyRequest): string {
  const { scheme, host } = request.client;
  // A request made as to a proxy has the whole address where others have the path.
  const [path = ''] = request.url.replace(/^https?:\/\/[^/]*/, '').split('?', 1);
  return `${scheme}://${host ?? 'localhost'}${path.replace(/\/+$/, '')}`;
}
