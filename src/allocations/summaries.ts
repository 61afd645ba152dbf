import { sql } from 'kysely';
import type { Services } from '../services.ts';
import { countOn } from './kept-counts.ts';

/** How many ports a node has, and how many of them a server has. */
export interface PortCounts {
  readonly total: number;
  readonly used: number;
}

/** How the ports of a node are taken. */
export interface NodeSummary extends PortCounts {
  readonly nodeId: number;
  /** Free ports that a claim holds. */
  readonly held: number;
  /** Ports that neither has. */
  readonly free: number;
}

type Needed = Pick<Services, 'database' | 'hasOwnTables' | 'portIds' | 'portTotals'>;

const noPorts: PortCounts = { total: 0, used: 0 };

/**
 * Counts the ports of nodes, in the order of the ids. Where counting a node is slow, its total and its used
 * ports may be a few seconds old; what is held is always counted anew.
 */
export async function summarizeNodes(
  services: Needed,
  nodeIds: readonly number[],
): Promise<readonly NodeSummary[]> {
  const [held, counts] = await Promise.all([
    countHeldPorts(services, nodeIds),
    Promise.all(nodeIds.map((nodeId) => countNode(services, nodeId))),
  ]);
  return nodeIds.map((nodeId, index) => {
    const { total, used } = counts[index] ?? noPorts;
    const heldHere = held.get(nodeId) ?? 0;
    // An older count of used ports may have one among them that was freed and is held now.
    return { nodeId, total, used, held: heldHere, free: Math.max(0, total - used - heldHere) };
  });
}

async function countNode(services: Needed, nodeId: number): Promise<PortCounts> {
  return countOn(services, [nodeId], 'all', 'taken', async () => {
    const counts = await countPortsOf(services, [nodeId]);
    return counts.get(nodeId) ?? noPorts;
  });
}

/** Counts the ports of nodes with one statement; a node without ports has no entry. */
export async function countPortsOf(
  { database }: Pick<Services, 'database'>,
  nodeIds: readonly number[],
): Promise<ReadonlyMap<number, PortCounts>> {
  const { rows } = await sql<{ node_id: number; total: number | string; used: number | string }>`
    select node_id, count(*) as total, count(server_id) as used from ${sql.table('allocations')}
    where node_id in (${sql.join(nodeIds)}) group by node_id`.execute(database.queries);
  return new Map(rows.map((row) => [row.node_id, { total: Number(row.total), used: Number(row.used) }]));
}

/** Counts the free ports that claims hold, by node; a node without any has no entry. */
export async function countHeldPorts(
  { database, hasOwnTables }: Pick<Services, 'database' | 'hasOwnTables'>,
  nodeIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  if (!hasOwnTables || nodeIds.length === 0) return new Map();
  const { rows } = await sql<{ node_id: number; held: number | string }>`
    select h.node_id, count(*) as held from ${sql.table('sidecar_holds')} as h
    join ${sql.table('allocations')} as a on a.id = h.allocation_id and a.server_id is null
    where h.node_id in (${sql.join(nodeIds)}) and h.expires_at > ${database.nowMs}
    group by h.node_id`.execute(database.queries);
  return new Map(rows.map((row) => [row.node_id, Number(row.held)]));
}
