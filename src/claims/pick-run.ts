import { type Expression, type SqlBool, sql } from 'kysely';
import { type PortServices, readPorts } from '../allocations/list-ports.ts';
import { anyId, notHeld, type PortFilter, portConditions } from '../allocations/port-filter.ts';
import type { PortOrder } from '../allocations/port-order.ts';
import { walkPorts } from '../allocations/port-walk.ts';
import { readRuns } from '../allocations/runs.ts';
import type { Queries } from '../database/database.ts';
import { idsFromAnyPlace, portsFromAnyPlace } from './any-place.ts';
import type { PortWish } from './port-wish.ts';

const byAddress: PortOrder = { by: 'ip', isDescending: false };
/** Ids looked through for the beginning of a run before it is looked for in another way. */
const stretchLength = 100_000;

/**
 * Row ids of a run of neighbouring ports, or none. Where there are many runs, one is found near any place;
 * where there are hardly any, the ports are read through in order, which takes longer and misses none.
 */
export async function pickRun(
  services: PortServices,
  queries: Queries,
  filter: PortFilter,
  { count, isLowest }: PortWish,
): Promise<readonly number[]> {
  const near = isLowest ? [] : await runNearAnyPlace(services, queries, filter, count);
  if (near.length > 0) return near;
  const { runs } = await readRuns(services, queries, filter, count, null, 1);
  return runs[0]?.ids ?? [];
}

async function runNearAnyPlace(
  services: PortServices,
  queries: Queries,
  filter: PortFilter,
  length: number,
): Promise<readonly number[]> {
  if (filter.ip !== null) {
    // One address has few enough ports to read.
    const [later] = await portsFromAnyPlace(queries, filter, filter.ip);
    if (later === undefined) return [];
    const { runs } = await readRuns(services, queries, later, length, null, 1);
    return runs[0]?.ids ?? [];
  }
  for (const part of await idsFromAnyPlace(services, queries, filter)) {
    const { from, to } = part.ids;
    const ids =
      from === null
        ? { from: Math.max(0, (to ?? 0) - stretchLength), to }
        : { from, to: from + stretchLength };
    const found = await findRun(services, queries, { ...part, ids }, length);
    if (found.length > 0) return found;
  }
  return [];
}

/**
 * A run that begins with one of these ports. The neighbours of each free port are looked up one by one,
 * nearest first: on a full node most have none, and the first look-up tells.
 */
async function findRun(
  services: PortServices,
  queries: Queries,
  filter: PortFilter,
  length: number,
): Promise<readonly number[]> {
  const walk = await walkPorts(services, queries, filter, 'id', 1);
  const neighbours = Array.from({ length: length - 1 }, (_, index) =>
    neighbourIsFree(services, filter, index + 1),
  );
  const conditions = [...portConditions(services, filter), ...walk.conditions, ...neighbours];
  const { rows } = await sql<{ ip: string; port: number }>`
    select a.ip, a.port from ${walk.from} where ${sql.join(conditions, sql` and `)}
    order by a.id limit 1`.execute(queries);
  const [run] = rows;
  if (run === undefined) return [];
  const ports = { from: run.port, to: run.port + length - 1 };
  const members = { ...filter, ids: anyId, ip: run.ip, ports };
  const page = { after: null, offset: 0, limit: length };
  const found = await readPorts(services, queries, members, byAddress, page);
  return found.length < length ? [] : found.map(({ id }) => id);
}

function neighbourIsFree(
  services: PortServices,
  { nodeIds, ports, replacing }: PortFilter,
  distance: number,
): Expression<SqlBool> {
  const bound = ports === null ? sql`` : sql`and b.port <= ${ports.to}`;
  const unheld = services.hasOwnTables ? sql`and ${notHeld(services, 'b', replacing)}` : sql``;
  return sql<SqlBool>`exists (select 1 from ${sql.table('allocations')} as b
    where b.node_id = ${nodeIds[0] ?? 0} and b.ip = a.ip and b.port = a.port + ${sql.lit(distance)}
      and b.server_id is null ${bound} ${unheld})`;
}
