import type { Kysely } from 'kysely';
import type { NodeCapacity } from '../panel.ts';
import type { PterodactylTables } from './tables.ts';

/** Reads what nodes have room for. @param ids Null for all nodes. */
export async function findCapacities(
  queries: Kysely<PterodactylTables>,
  ids: readonly number[] | null,
): Promise<readonly NodeCapacity[]> {
  const rows = await queries
    .selectFrom('nodes as n')
    .leftJoin('servers as s', 's.node_id', 'n.id')
    .select(({ fn }) => [
      ...(['n.id', 'n.public', 'n.maintenance_mode', 'n.location_id', 'n.memory'] as const),
      ...(['n.memory_overallocate', 'n.disk', 'n.disk_overallocate'] as const),
      fn.sum<number | string | null>('s.memory').as('used_memory'),
      fn.sum<number | string | null>('s.disk').as('used_disk'),
    ])
    .$if(ids !== null, (query) => query.where('n.id', 'in', ids ?? []))
    .groupBy([
      ...(['n.id', 'n.public', 'n.maintenance_mode', 'n.location_id', 'n.memory'] as const),
      ...(['n.memory_overallocate', 'n.disk', 'n.disk_overallocate'] as const),
    ])
    .orderBy('n.id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    isPublic: row.public !== 0,
    isInMaintenance: row.maintenance_mode !== 0,
    locationId: row.location_id,
    tags: null,
    fits: (memory, disk) =>
      Number(row.used_memory ?? 0) + memory <= limit(row.memory, row.memory_overallocate) &&
      Number(row.used_disk ?? 0) + disk <= limit(row.disk, row.disk_overallocate),
  }));
}

/** The panel's formula; it knows no special meaning of -1 or 0. */
function limit(amount: number, overallocate: number): number {
  return amount * (1 + overallocate / 100);
}
