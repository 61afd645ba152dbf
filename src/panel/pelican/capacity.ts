import type { Kysely } from 'kysely';
import type { NodeCapacity } from '../panel.ts';
import { readTags } from './nodes.ts';
import type { PelicanTables } from './tables.ts';

/** Reads what nodes have room for. @param ids Null for all nodes. */
export async function findCapacities(
  queries: Kysely<PelicanTables>,
  ids: readonly number[] | null,
): Promise<readonly NodeCapacity[]> {
  const rows = await queries
    .selectFrom('nodes as n')
    .select((build) => {
      const usedBy = (column: 'memory' | 'disk') =>
        build
          .selectFrom('servers as s')
          .select((inner) => inner.fn.sum<number | string | null>(`s.${column}`).as('used'))
          .whereRef('s.node_id', '=', 'n.id');
      return [
        ...(['n.id', 'n.public', 'n.maintenance_mode', 'n.tags', 'n.memory'] as const),
        ...(['n.memory_overallocate', 'n.disk', 'n.disk_overallocate'] as const),
        usedBy('memory').as('used_memory'),
        usedBy('disk').as('used_disk'),
      ];
    })
    .$if(ids !== null, (query) => query.where('n.id', 'in', ids ?? []))
    .orderBy('n.id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    isPublic: row.public !== 0,
    isInMaintenance: Boolean(row.maintenance_mode),
    locationId: null,
    tags: readTags(row.tags).map(String),
    fits: (memory, disk) =>
      fitsIn(row.memory, row.memory_overallocate, Number(row.used_memory ?? 0) + memory) &&
      fitsIn(row.disk, row.disk_overallocate, Number(row.used_disk ?? 0) + disk),
  }));
}

/** A limit of 0 and an overallocation of -1 mean that the panel does not count. */
function fitsIn(amount: number, overallocate: number, used: number): boolean {
  return amount === 0 || overallocate === -1 || used <= amount * (1 + overallocate / 100);
}
