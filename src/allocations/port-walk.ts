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
/** Ids beyond the last port, among which some may be on their way in a transaction not yet seen. */
const slack = 1000;

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
  if (ip !== null && nodeIds.length === 1)
    return { from: await database.portsBy('node-by-address'), conditions: [] };
  const ids = freeOnly && ip === null ? await portIds.of(queries, nodeIds) : null;
  const way = ids === null ? null : wayFor(ids, nodeIds.length === 1 ? by : 'id', wanted);
  const from =
    way === null
      ? sql<AllocationsTable>`${sql.table('allocations')}`.as<'a'>(sql`a`)
      : await database.portsBy(way);
  return { from, conditions: ids === null ? [] : placesOf(ids) };
}

function wayFor({ count, free }: PortIds, by: PortOrder['by'], wanted: number): PortWay | null {
  // By address, so many are passed to find those that are free.
  const passed = Math.min(count, (wanted * count) / Math.max(1, free));
  if (by === 'ip' && passed <= free) return 'node-by-address';
  return free < 4 * count || count > manyPorts ? 'free-by-id' : null;
}

function placesOf({ from, to, newest }: PortIds): readonly Expression<SqlBool>[] {
  const last = to + slack;
  return [
    sql<SqlBool>`a.id >= ${from}`,
    ...(last >= newest ? [] : [sql<SqlBool>`(a.id <= ${last} or a.id > ${newest})`]),
  ];
}
