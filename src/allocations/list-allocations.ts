import { sql } from 'kysely';
import { type Actor, allocationsViewed } from '../audit/activity.ts';
import { Batcher } from '../database/batcher.ts';
import type { Database } from '../database/database.ts';
import type { Services } from '../services.ts';
import { type AllocationRow, allocationColumns } from './allocation.ts';

/** One page of a node's ports. */
export interface AllocationPage {
  /** How many ports all pages hold together. */
  readonly total: number;
  readonly rows: readonly AllocationRow[];
}

/** Answers with a page of a node's ports in order of id, once the view is recorded. */
export type ListAllocations = (
  actor: Actor,
  nodeId: number,
  page: number,
  perPage: number,
) => Promise<AllocationPage>;

/** Beyond this many rows in, a page is empty on any node a panel can hold; the database need not look. */
const largestOffset = 2 ** 31;

/** Equal pages and totals of one node requested at the same time share a round trip. */
export function createListAllocations({ database, activityLog, settings }: Services): ListAllocations {
  const freeOnly = settings.allocations.show_free_only;
  const totals = new Batcher((nodeIds: readonly number[]) => countAllocations(database, freeOnly, nodeIds));
  const pages = new Batcher((requests: readonly string[]) => loadPages(database, freeOnly, requests));
  return async (actor, nodeId, page, perPage) => {
    const offset = (page - 1) * perPage;
    const [total, rows] = await Promise.all([
      totals.load(nodeId),
      offset > largestOffset ? [] : pages.load(`${nodeId} ${perPage} ${offset}`),
    ]);
    if (settings.audit.views) await activityLog.append(allocationsViewed(actor, nodeId, page, perPage));
    return { total, rows };
  };
}

async function countAllocations(
  database: Database,
  freeOnly: boolean,
  nodeIds: readonly number[],
): Promise<readonly number[]> {
  const rows = await database.queries
    .selectFrom('allocations')
    .select(({ fn }) => ['node_id', fn.countAll<number | bigint>().as('total')])
    .where('node_id', 'in', [...new Set(nodeIds)])
    .$if(freeOnly, (query) => query.where('server_id', 'is', null))
    .groupBy('node_id')
    .execute();
  const totals = new Map(rows.map(({ node_id, total }) => [node_id, Number(total)]));
  return nodeIds.map((nodeId) => totals.get(nodeId) ?? 0);
}

/** @param requests Each `node perPage offset`, in one text so that equal ones are found by it. */
async function loadPages(
  database: Database,
  freeOnly: boolean,
  requests: readonly string[],
): Promise<readonly (readonly AllocationRow[])[]> {
  const loading = new Map<string, Promise<readonly AllocationRow[]>>();
  for (const request of new Set(requests)) {
    const [nodeId = 0, perPage = 0, offset = 0] = request.split(' ').map(Number);
    loading.set(request, loadPage(database, freeOnly, nodeId, perPage, offset));
  }
  return Promise.all(requests.map(async (request) => (await loading.get(request)) ?? []));
}

function loadPage(
  database: Database,
  freeOnly: boolean,
  nodeId: number,
  perPage: number,
  offset: number,
): Promise<readonly AllocationRow[]> {
  return database.queries
    .selectFrom('allocations')
    .select(allocationColumns)
    .where('node_id', '=', nodeId)
    .$if(freeOnly, (query) => query.where('server_id', 'is', null))
    .orderBy('id')
    .limit(sql.lit(perPage))
    .offset(sql.lit(offset))
    .execute();
}
