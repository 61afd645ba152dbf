import { sql } from 'kysely';
import type { Services } from '../services.ts';

/** How the ports of a node are taken. */
export interface NodeSummary {
  readonly nodeId: number;
  readonly total: number;
  /** Ports that a server has. */
  readonly used: number;
  /** Free ports that a claim holds. */
  readonly held: number;
  /** Ports that neither has. */
  readonly free: number;
}

/** Counts the ports of nodes, in the order of the ids. */
export async function summarizeNodes(
  { database, hasOwnTables }: Pick<Services, 'database' | 'hasOwnTables'>,
  nodeIds: readonly number[],
): Promise<readonly NodeSummary[]> {
  if (nodeIds.length === 0) return [];
  const { queries, nowMs } = database;
  const counted = sql<{ node_id: number; total: number | string; used: number | string }>`
    select node_id, count(*) as total, count(server_id) as used from ${sql.table('allocations')}
    where node_id in (${sql.join(nodeIds)}) group by node_id`.execute(queries);
  const holding = sql<{ node_id: number; held: number | string }>`
    select h.node_id, count(*) as held from ${sql.table('sidecar_holds')} as h
    join ${sql.table('allocations')} as a on a.id = h.allocation_id and a.server_id is null
    where h.node_id in (${sql.join(nodeIds)}) and h.expires_at > ${nowMs} group by h.node_id`;
  const [{ rows }, heldRows] = await Promise.all([
    counted,
    hasOwnTables ? holding.execute(queries).then((result) => result.rows) : [],
  ]);
  const held = new Map(heldRows.map((row) => [row.node_id, Number(row.held)]));
  const byNode = new Map(rows.map((row) => [row.node_id, row]));
  return nodeIds.map((nodeId) => {
    const row = byNode.get(nodeId);
    const counts = {
      total: Number(row?.total ?? 0),
      used: Number(row?.used ?? 0),
      held: held.get(nodeId) ?? 0,
    };
    return { nodeId, ...counts, free: counts.total - counts.used - counts.held };
  });
}
