import { sql } from 'kysely';
import type { Queries } from '../database/database.ts';
import type { PortCounts } from '../panel/port-counts.ts';
import type { Services } from '../services.ts';

/** How the ports of a node are taken. */
export interface NodeSummary extends PortCounts {
  readonly nodeId: number;
  /** Free ports that a claim holds. */
  readonly held: number;
  /** Ports that neither has. */
  readonly free: number;
}

/**
 * Counts the ports of nodes, in the order of the ids. Where counting them is slow, totals and used
 * ports may be a few seconds old; what is held is always counted anew.
 */
export async function summarizeNodes(
  services: Pick<Services, 'database' | 'reads' | 'hasOwnTables' | 'portCounts'>,
  nodeIds: readonly number[],
): Promise<readonly NodeSummary[]> {
  const [held, counts] = await Promise.all([
    services.reads.run((queries) => countHeldPorts(services, queries, nodeIds)),
    services.portCounts.of(nodeIds),
  ]);
  return nodeIds.map((nodeId, index) => {
    const { total, used } = counts[index] ?? { total: 0, used: 0 };
    const heldHere = held.get(nodeId) ?? 0;
    // An older count of used ports may have one among them that was freed and is held now.
    return { nodeId, total, used, held: heldHere, free: Math.max(0, total - used - heldHere) };
  });
}

/** Counts the free ports that claims hold, by node; a node without any has no entry. */
export async function countHeldPorts(
  { database, hasOwnTables }: Pick<Services, 'database' | 'hasOwnTables'>,
  queries: Queries,
  nodeIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  if (!hasOwnTables || nodeIds.length === 0) return new Map();
  const { rows } = await sql<{ node_id: number; held: number | string }>`
    select h.node_id, count(*) as held from ${sql.table('sidecar_holds')} as h
    join ${sql.table('allocations')} as a on a.id = h.allocation_id and a.server_id is null
    where h.node_id in (${sql.join(nodeIds)}) and h.expires_at > ${database.nowMs}
    group by h.node_id`.execute(queries);
  return new Map(rows.map((row) => [row.node_id, Number(row.held)]));
}
