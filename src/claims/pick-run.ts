import { type Expression, type SqlBool, sql } from 'kysely';
import { type PortServices, readPorts } from '../allocations/list-ports.ts';
import { anyId, notHeld, type PortFilter, portConditions } from '../allocations/port-filter.ts';
import type { PortOrder } from '../allocations/port-order.ts';
import { walkPorts } from '../allocations/port-walk.ts';
import { type PortBudget, readRuns } from '../allocations/runs.ts';
import type { Queries } from '../database/database.ts';
import { idsFromAnyPlace, portsFromAnyPlace } from './any-place.ts';
import { type Picked, type PortWish, toPicked } from './port-wish.ts';

const byAddress: PortOrder = { by: 'ip', isDescending: false };
/** Ids looked through for the beginning of a run before it is looked for in another way. */
const stretchLength = 100_000;
/** Neighbours asked for in one statement: the time to plan it multiplies with each. */
const mostNeighbours = 3;
/** Beginnings tried in one stretch for a longer run than one statement can ask for. */
const mostBeginnings = 8;

/**
 * A run of neighbouring ports, or null. Where there are many runs, one is found near any place; where there are
 * hardly any, the ports are read through in order, as many as the budget allows.
 */
export async function pickRun(
  services: PortServices,
  queries: Queries,
  filter: PortFilter,
  { count, isLowest }: PortWish,
  budget: PortBudget,
): Promise<Picked | null> {
  const near = isLowest ? null : await runNearAnyPlace(services, queries, filter, count, budget);
  return near ?? firstRun(services, queries, filter, count, null, budget);
}

/** The first run in order of address and port, from a place on. @param from Null for the beginning. */
export async function firstRun(
  services: PortServices,
  queries: Queries,
  filter: PortFilter,
  length: number,
  from: Pick<Picked, 'ip' | 'port'> | null,
  budget: PortBudget,
): Promise<Picked | null> {
  const after = from === null ? null : [from.ip, from.port - 1, 0];
  const { runs } = await readRuns(services, queries, filter, length, after, 1, budget);
  const [run] = runs;
  return run === undefined ? null : { ids: run.ids, ip: run.ip, port: run.from };
}

async function runNearAnyPlace(
  services: PortServices,
  queries: Queries,
  filter: PortFilter,
  length: number,
  budget: PortBudget,
): Promise<Picked | null> {
  if (filter.ip !== null) {
    // One address has few enough ports to read.
    const [later] = await portsFromAnyPlace(queries, filter, filter.ip);
    return later === undefined ? null : firstRun(services, queries, later, length, null, budget);
  }
  for (const part of await idsFromAnyPlace(services, queries, filter)) {
    const { from, to } = part.ids;
    const ids =
      from === null
        ? { from: Math.max(0, (to ?? 0) - stretchLength), to }
        : { from, to: from + stretchLength };
    const found = await findRun(services, queries, { ...part, ids }, length);
    if (found !== null) return found;
  }
  return null;
}

/**
 * A run that begins with one of these ports. On a full node most free ports have no free neighbour, and the
 * look-up of the nearest tells; of a port that has some, those of a longer run are read.
 */
async function findRun(
  services: PortServices,
  queries: Queries,
  filter: PortFilter,
  length: number,
): Promise<Picked | null> {
  let { ids } = filter;
  for (let tried = 0; tried < mostBeginnings; tried += 1) {
    const start = await findBeginning(services, queries, { ...filter, ids }, length);
    if (start === null) return null;
    const ports = { from: start.port, to: start.port + length - 1 };
    const members = { ...filter, ids: anyId, ip: start.ip, ports };
    const page = { after: null, offset: 0, limit: length };
    const found = await readPorts(services, queries, members, byAddress, page);
    if (found.length === length) return toPicked(found);
    ids = { ...ids, from: start.id + 1 };
  }
  return null;
}

interface Beginning {
  readonly id: number;
  readonly ip: string;
  readonly port: number;
}

/** The first port by id that has as many free neighbours as one statement can ask for, or all that are wanted. */
async function findBeginning(
  services: PortServices,
  queries: Queries,
  filter: PortFilter,
  length: number,
): Promise<Beginning | null> {
  const walk = await walkPorts(services, queries, filter, 'id', 1);
  const neighbours = Array.from({ length: Math.min(length - 1, mostNeighbours) }, (_, index) =>
    neighbourIsFree(services, filter, index + 1),
  );
  const conditions = [...portConditions(services, filter), ...walk.conditions, ...neighbours];
  const { rows } = await sql<Beginning>`
    select a.id, a.ip, a.port from ${walk.from} where ${sql.join(conditions, sql` and `)}
    order by a.id limit 1`.execute(queries);
  return rows[0] ?? null;
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
