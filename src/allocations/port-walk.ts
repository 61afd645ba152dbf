import { type AliasedExpression, type Expression, type SqlBool, sql } from 'kysely';
import type { PortWay, Queries } from '../database/database.ts';
import type { AllocationsTable } from '../database/tables.ts';
import type { PortIds } from '../panel/port-ids.ts';
import type { Services } from '../services.ts';
import type { PortFilter } from './port-filter.ts';
import type { PortOrder } from './port-order.ts';

/** How a statement goes through the ports of nodes. */
export interface PortWalk {
  /** The table, as `a`. */
  readonly from: AliasedExpression<AllocationsTable, 'a'>;
  /** Where to look; what they leave out belongs to other nodes. */
  readonly conditions: readonly Expression<SqlBool>[];
}

/** Nodes with fewer ports can be read whole. */
const manyPorts = 20_000;

/**
 * The way through the ports that reads the fewest. Without being told, an optimiser may read every port of a
 * large node for a page, or for that of a small node the free ports of all others.
 *
 * @param wanted How many ports the statement reads at the most, in its order.
 */
export async function walkPorts(
  { database, portIds }: Pick<Services, 'database' | 'portIds'>,
  queries: Queries,
  { nodeIds, ip, freeOnly }: PortFilter,
  by: PortOrder['by'],
  wanted: number,
): Promise<PortWalk> {
  const [only = 0, ...others] = nodeIds;
  if (ip !== null && others.length === 0) {
    return { from: await database.portsBy('node-by-address'), conditions: [] };
  }
  const ids = ip === null ? await portIds.of(queries, nodeIds) : null;
  if (ids === null) return { from: anyWay(), conditions: [] };
  const free = freeOnly && others.length === 0 ? await portIds.freeAmong(queries, only) : null;
  const way = others.length === 0 ? wayOnNode(ids, free, by, wanted) : wayAcross(ids, freeOnly);
  const from = way === null ? anyWay() : await database.portsBy(way);
  return { from, conditions: placesOf(ids) };
}

function anyWay(): PortWalk['from'] {
  return sql<AllocationsTable>`${sql.table('allocations')}`.as<'a'>(sql`a`);
}

/** @param free Free ports among those of the node, or null where assigned ones are wanted too. */
function wayOnNode(ids: PortIds, free: number | null, by: PortOrder['by'], wanted: number): PortWay | null {
  const { count } = ids;
  // In any other order by which no index goes, all of them are read.
  if (free === null)
    return by === 'id' && (hasPlaces(ids) || count > manyPorts) ? 'by-id' : 'node-by-address';
  // By address, so many are passed to find those that are free.
  const passed = Math.min(count, (wanted * count) / Math.max(1, free));
  if (by === 'ip' && passed <= free) return 'node-by-address';
  if (count > manyPorts) return 'free-by-id';
  return hasPlaces(ids) && free < 4 * count ? 'free-by-id' : 'node-by-address';
}

function wayAcross({ count }: PortIds, freeOnly: boolean): PortWay | null {
  if (count <= manyPorts) return null;
  return freeOnly ? 'free-by-id' : 'by-id';
}

/** Whether ports of other nodes can be passed over at both ends. */
function hasPlaces({ to, settled }: PortIds): boolean {
  return settled >= to;
}

/** Leaves out no id that a port of the nodes may appear with. */
function placesOf({ from, to, settled }: PortIds): readonly Expression<SqlBool>[] {
  return [
    ...(settled < from ? [] : [sql<SqlBool>`a.id >= ${from}`]),
    ...(settled <= to ? [] : [sql<SqlBool>`(a.id <= ${to} or a.id > ${settled})`]),
  ];
}
