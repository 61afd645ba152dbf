import { type Expression, type SqlBool, sql } from 'kysely';
import type { Queries } from '../database/database.ts';
import type { Services } from '../services.ts';
import type { PortRow } from './allocation.ts';
import { type PortFilter, portConditions } from './port-filter.ts';
import { allAfter, hasIndex, orderTerms, type PortOrder, stretchesAfter } from './port-order.ts';
import { walkPorts } from './port-walk.ts';

/** What reading ports works with. */
export type PortServices = Pick<Services, 'database' | 'hasOwnTables' | 'portIds'>;

/** Reads ports beyond a place, or from the beginning. */
export interface PortPage {
  readonly after: readonly (string | number)[] | null;
  readonly offset: number;
  readonly limit: number;
}

/** The ports of a filter, in order. */
export async function readPorts(
  services: PortServices,
  queries: Queries,
  filter: PortFilter,
  order: PortOrder,
  { after, offset, limit }: PortPage,
): Promise<readonly PortRow[]> {
  if (filter.nodeIds.length === 0) return [];
  if (after === null) return readStretch(services, queries, filter, order, [], offset, limit);
  const isOneNode = filter.nodeIds.length === 1;
  if (!hasIndex(order, isOneNode, filter.ip !== null)) {
    return readStretch(services, queries, filter, order, [allAfter(order, after, isOneNode)], 0, limit);
  }
  const rows: PortRow[] = [];
  for (const stretch of stretchesAfter(order, after, isOneNode)) {
    const missing = limit - rows.length;
    if (missing <= 0) break;
    rows.push(...(await readStretch(services, queries, filter, order, stretch, 0, missing)));
  }
  return rows;
}

async function readStretch(
  services: PortServices,
  queries: Queries,
  filter: PortFilter,
  order: PortOrder,
  stretch: readonly Expression<SqlBool>[],
  offset: number,
  limit: number,
): Promise<readonly PortRow[]> {
  const { database, hasOwnTables } = services;
  const walk = await walkPorts(services, queries, filter, order.by, offset + limit);
  const showsHeld = filter.includeHeld && hasOwnTables;
  const heldUntil = sql`, (select max(h.expires_at) from ${sql.table('sidecar_holds')} as h
    where h.allocation_id = a.id and h.expires_at > ${database.nowMs}) as held_until`;
  const conditions = [...portConditions(services, filter), ...walk.conditions, ...stretch];
  const { rows } = await sql<PortRow>`
    select a.id, a.node_id, a.ip, a.ip_alias, a.port, a.notes, a.server_id ${showsHeld ? heldUntil : sql``}
    from ${walk.from} where ${sql.join(conditions, sql` and `)}
    order by ${sql.join(orderTerms(order, filter.nodeIds.length === 1))}
    limit ${sql.lit(limit)} offset ${sql.lit(offset)}`.execute(queries);
  return rows;
}

/** How many ports a filter has. */
export async function countPorts(
  services: PortServices,
  queries: Queries,
  filter: PortFilter,
): Promise<number> {
  // All of them are wanted, as for an order that no index gives.
  const walk = await walkPorts(services, queries, filter, 'port', Number.MAX_SAFE_INTEGER);
  const conditions = [...portConditions(services, filter), ...walk.conditions];
  const { rows } = await sql<{ total: number | string }>`
    select count(*) as total from ${walk.from} where ${sql.join(conditions, sql` and `)}`.execute(queries);
  return Number(rows[0]?.total ?? 0);
}
