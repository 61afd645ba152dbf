import { randomInt } from 'node:crypto';
import { type Expression, type SqlBool, sql } from 'kysely';
import { type PortRow, readPorts } from '../allocations/list-ports.ts';
import { type IdRange, type PortFilter, type PortRange, portConditions } from '../allocations/port-filter.ts';
import { defaultOrder, type PortOrder } from '../allocations/port-order.ts';
import { readRuns } from '../allocations/runs.ts';
import type { Services } from '../services.ts';

/** Which ports of a node a claim needs. */
export interface PortWish {
  readonly count: number;
  /** Neighbours on one address. */
  readonly isConsecutive: boolean;
  /** All on one address. */
  readonly isSameIp: boolean;
  readonly ports: PortRange | null;
  readonly ip: string | null;
  /** The lowest ports in order of address and port, rather than any. */
  readonly isLowest: boolean;
}

const byAddress: PortOrder = { by: 'ip', isDescending: false };

/**
 * Picks free ports of a node that nobody holds, or none where there are not enough. Someone else may take them
 * before they are held.
 */
export async function pickPorts(
  services: Services,
  nodeId: number,
  wish: PortWish,
): Promise<readonly number[]> {
  const filter: PortFilter = {
    ...{ nodeIds: [nodeId], ip: wish.ip, ports: wish.ports, ids: null, alias: null },
    ...{ freeOnly: true, includeHeld: false },
  };
  if (wish.isConsecutive && wish.count > 1) return pickRun(services, filter, wish);
  if (wish.isSameIp && wish.ip === null && wish.count > 1) return pickOnOneAddress(services, filter, wish);
  return pickAny(services, filter, wish);
}

async function pickAny(services: Services, filter: PortFilter, wish: PortWish): Promise<readonly number[]> {
  const { queries } = services.database;
  const read = (part: PortFilter, order: PortOrder, limit: number) =>
    readPorts(services, queries, part, order, { after: null, offset: 0, limit });
  if (wish.isLowest) return idsOf(await read(filter, byAddress, wish.count), wish.count);
  const found = new Map<number, PortRow>();
  for (const ids of await randomStretches(services, filter)) {
    const rows = await read({ ...filter, ids }, defaultOrder, wish.count - found.size);
    for (const row of rows) found.set(row.id, row);
    if (found.size === wish.count) break;
  }
  return idsOf([...found.values()], wish.count);
}

function idsOf(rows: readonly PortRow[], count: number): readonly number[] {
  return rows.length < count ? [] : rows.map(({ id }) => id);
}

/**
 * The ids of a node's ports, from a place on that is different each time, so that callers at the same time
 * look in different places; then those before it.
 */
async function randomStretches(services: Services, filter: PortFilter): Promise<readonly IdRange[]> {
  const range = await services.portIds.of(filter.nodeIds[0] ?? 0);
  if (range === null) return [];
  const start = range.from === range.to ? range.from : randomInt(range.from, range.to + 1);
  const later = { from: start, to: range.to };
  return start === range.from ? [later] : [later, { from: range.from, to: start - 1 }];
}

async function pickOnOneAddress(
  services: Services,
  filter: PortFilter,
  wish: PortWish,
): Promise<readonly number[]> {
  if (!wish.isLowest) {
    // Most addresses have room, so the one of any free port is worth a try before all are counted.
    const [any] = await pickAny(services, filter, { ...wish, count: 1 });
    const address = any === undefined ? null : await addressOf(services, any);
    const ports = address === null ? [] : await pickAny(services, { ...filter, ip: address }, wish);
    if (ports.length > 0) return ports;
  }
  const { rows } = await sql<{ ip: string }>`
    select a.ip from ${sql.table('allocations')} as a
    where ${sql.join(portConditions(services, filter), sql` and `)}
    group by a.ip having count(*) >= ${wish.count} order by a.ip`.execute(services.database.queries);
  const address = wish.isLowest ? rows[0] : rows[rows.length === 0 ? 0 : randomInt(rows.length)];
  return address === undefined ? [] : pickAny(services, { ...filter, ip: address.ip }, wish);
}

async function addressOf({ database }: Services, id: number): Promise<string | null> {
  const row = await database.queries
    .selectFrom('allocations')
    .select('ip')
    .where('id', '=', id)
    .executeTakeFirst();
  return row?.ip ?? null;
}

/** Ids looked through for the beginning of a run before it is looked for in another way. */
const stretchLength = 100_000;

/**
 * A run of neighbours. Where there are many, one is found near any place; where there are hardly any, the
 * ports are read through in order, which takes longer and misses none.
 */
async function pickRun(services: Services, filter: PortFilter, wish: PortWish): Promise<readonly number[]> {
  if (!wish.isLowest) {
    for (const { from, to } of await randomStretches(services, filter)) {
      const ids = { from, to: Math.min(to, from + stretchLength) };
      const found = await findRun(services, { ...filter, ids }, wish.count);
      if (found.length > 0) return found;
    }
  }
  const { runs } = await readRuns(services, filter, wish.count, null, 1);
  return runs[0]?.ids ?? [];
}

/**
 * A run that begins with one of these ports. The neighbours of each free port are looked up one by one,
 * nearest first: on a full node most have none, and the first look-up tells.
 */
async function findRun(services: Services, filter: PortFilter, length: number): Promise<readonly number[]> {
  const { database } = services;
  const from = await database.freePortsById();
  const neighbours = Array.from({ length: length - 1 }, (_, index) =>
    neighbourIsFree(services, filter, index + 1),
  );
  const conditions = [...portConditions(services, filter), ...neighbours];
  const { rows } = await sql<{ ip: string; port: number }>`
    select a.ip, a.port from ${from} where ${sql.join(conditions, sql` and `)}
    order by a.id limit 1`.execute(database.queries);
  const [run] = rows;
  if (run === undefined) return [];
  const ports = { from: run.port, to: run.port + length - 1 };
  const members = { ...filter, ids: null, ip: run.ip, ports };
  const page = { after: null, offset: 0, limit: length };
  return idsOf(await readPorts(services, database.queries, members, byAddress, page), length);
}

function neighbourIsFree(
  { database, hasOwnTables }: Services,
  { nodeIds, ports }: PortFilter,
  distance: number,
): Expression<SqlBool> {
  const held = sql`and not exists (select 1 from ${sql.table('sidecar_holds')} as h
      where h.allocation_id = b.id and h.expires_at > ${database.nowMs})`;
  const bound = ports === null ? sql`` : sql`and b.port <= ${ports.to}`;
  return sql<SqlBool>`exists (select 1 from ${sql.table('allocations')} as b
    where b.node_id = ${nodeIds[0] ?? 0} and b.ip = a.ip and b.port = a.port + ${sql.lit(distance)}
      and b.server_id is null ${bound} ${hasOwnTables ? held : sql``})`;
}
