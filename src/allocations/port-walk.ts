import { type AliasedExpression, type Expression, type SqlBool, sql } from 'kysely';
import type { Queries } from '../database/database.ts';
import type { AllocationsTable } from '../database/tables.ts';
import type { PortIds } from '../panel/port-ids.ts';
import type { Services } from '../services.ts';

/** How a statement walks the free ports of nodes in order of id. */
export interface PortWalk {
  /** The table, as `a`. */
  readonly from: AliasedExpression<AllocationsTable, 'a'>;
  /** Where the nodes' ports are. */
  readonly conditions: readonly Expression<SqlBool>[];
}

/** A node with fewer ports can be read whole. */
const manyPorts = 20_000;
/** Ids beyond the last port, among which some may be on their way in a transaction not yet seen. */
const slack = 5000;

/**
 * A walk that does not pass the free ports of all other nodes. It is on the index that has the free ports in
 * order of id, unless the nodes have few ports, far apart: then that many are read and sorted faster.
 */
export async function walkFreePorts(
  { database, portIds }: Pick<Services, 'database' | 'portIds'>,
  queries: Queries,
  nodeIds: readonly number[],
): Promise<PortWalk> {
  const ids = await portIds.of(queries, nodeIds);
  const plain = sql<AllocationsTable>`${sql.table('allocations')}`.as<'a'>(sql`a`);
  if (ids === null) return { from: plain, conditions: [] };
  const isDense = ids.to - ids.from < 4 * ids.count;
  const from = isDense || ids.count > manyPorts ? await database.freePortsById() : plain;
  return { from, conditions: placesOf(ids) };
}

function placesOf({ from, to, newest }: PortIds): readonly Expression<SqlBool>[] {
  const last = to + slack;
  return [
    sql<SqlBool>`a.id >= ${from}`,
    ...(last >= newest ? [] : [sql<SqlBool>`(a.id <= ${last} or a.id > ${newest})`]),
  ];
}
