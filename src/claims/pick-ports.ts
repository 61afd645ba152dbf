import { randomInt } from 'node:crypto';
import { type Expression, type SqlBool, sql } from 'kysely';
import { type PortRow, readPorts } from '../allocations/list-ports.ts';
import { type PortFilter, type PortRange, portConditions } from '../allocations/port-filter.ts';
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
    ...{ nodeIds: [nodeId], ip: wish.ip, ports: wish.ports, alias: null },
    ...{ freeOnly: true, includeHeld: false },
  };
  if (wish.isConsecutive && wish.count > 1) return pickRun(services, filter, wish);
  if (wish.isSameIp && wish.ip === null && wish.count > 1) return pickOnOneAddress(services, filter, wish);
  return pickAny(services, filter, wish);
}

async function pickAny(services: Services, filter: PortFilter, wish: PortWish): Promise<readonly number[]> {
  const { queries } = services.database;
  const limit = wish.count;
  if (wish.isLowest) {
    const page = { after: null, offset: 0, limit };
    return idsOf(await readPorts(services, queries, filter, byAddress, page), limit);
  }
  const start = await randomStart(services, filter);
  const after = { after: [start], offset: 0, limit };
  const beyond = await readPorts(services, queries, filter, defaultOrder, after);
  if (beyond.length === limit) return idsOf(beyond, limit);
  const before = await readPorts(services, queries, filter, defaultOrder, { after: null, offset: 0, limit });
  const distinct = new Map([...beyond, ...before].map((row) => [row.id, row]));
  return idsOf([...distinct.values()].slice(0, limit), limit);
}

function idsOf(rows: readonly PortRow[], count: number): readonly number[] {
  return rows.length < count ? [] : rows.map(({ id }) => id);
}

/** A row id somewhere among the node's ports, so that callers at the same time look in different places. */
async function randomStart({ database }: Services, filter: PortFilter): Promise<number> {
  // The ends of the panel's own index on nodes and addresses; ids in between are a guess that may miss.
  const { rows } = await sql<{ first: number | null; last: number | null }>`
    select
      (select id from ${sql.table('allocations')} where node_id = ${filter.nodeIds[0] ?? 0}
        order by node_id, ip, port limit 1) as first,
      (select id from ${sql.table('allocations')} where node_id = ${filter.nodeIds[0] ?? 0}
        order by node_id desc, ip desc, port desc limit 1) as last`.execute(database.queries);
  const first = Number(rows[0]?.first ?? 0);
  const last = Number(rows[0]?.last ?? 0);
  const [low, high] = first < last ? [first, last] : [last, first];
  return high > low ? randomInt(low - 1, high) : low - 1;
}

async function pickOnOneAddress(
  services: Services,
  filter: PortFilter,
  wish: PortWish,
): Promise<readonly number[]> {
  if (!wish.isLowest) {
    // Most addresses have room, so the one of any free port is worth a try before all are counted.
    const found = await anyAddress(services, filter);
    const ports = found === null ? [] : await pickAny(services, { ...filter, ip: found }, wish);
    if (ports.length > 0) return ports;
  }
  const { rows } = await sql<{ ip: string }>`
    select a.ip from ${sql.table('allocations')} as a
    where ${sql.join(portConditions(services, filter), sql` and `)}
    group by a.ip having count(*) >= ${wish.count} order by a.ip`.execute(services.database.queries);
  const address = wish.isLowest ? rows[0] : rows[rows.length === 0 ? 0 : randomInt(rows.length)];
  return address === undefined ? [] : pickAny(services, { ...filter, ip: address.ip }, wish);
}

async function anyAddress(services: Services, filter: PortFilter): Promise<string | null> {
  const start = await randomStart(services, filter);
  const page = { after: [start], offset: 0, limit: 1 };
  const [row] = await readPorts(services, services.database.queries, filter, defaultOrder, page);
  return row?.ip ?? null;
}

async function pickRun(services: Services, filter: PortFilter, wish: PortWish): Promise<readonly number[]> {
  if (wish.isLowest) {
    const { runs } = await readRuns(services, filter, wish.count, null, 1);
    return runs[0]?.ids ?? [];
  }
  const start = await randomStart(services, filter);
  const found = await findRun(services, filter, wish.count, sql<SqlBool>`a.id > ${start}`);
  return found.length > 0 ? found : findRun(services, filter, wish.count, sql<SqlBool>`a.id <= ${start}`);
}

/**
 * A run that begins with one of the ports of this stretch. The neighbours of each free port are looked up one
 * by one, nearest first: on a full node most have none, and the first look-up tells.
 */
async function findRun(
  services: Services,
  filter: PortFilter,
  length: number,
  stretch: Expression<SqlBool>,
): Promise<readonly number[]> {
  const { database } = services;
  const from = await database.freePortsById();
  const neighbours = Array.from({ length: length - 1 }, (_, index) =>
    neighbourIsFree(services, filter, index + 1),
  );
  const conditions = [...portConditions(services, filter), stretch, ...neighbours];
  const { rows } = await sql<{ ip: string; port: number }>`
    select a.ip, a.port from ${from} where ${sql.join(conditions, sql` and `)}
    order by a.id limit 1`.execute(database.queries);
  const [run] = rows;
  if (run === undefined) return [];
  const ports = { from: run.port, to: run.port + length - 1 };
  const members = await readPorts(services, database.queries, { ...filter, ip: run.ip, ports }, byAddress, {
    after: null,
    offset: 0,
    limit: length,
  });
  return idsOf(members, length);
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
