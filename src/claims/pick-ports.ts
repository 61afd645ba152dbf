import { sql } from 'kysely';
import type { PortRow } from '../allocations/allocation.ts';
import { type PortServices, readPorts } from '../allocations/list-ports.ts';
import { type PortFilter, portConditions } from '../allocations/port-filter.ts';
import { defaultOrder, type PortOrder } from '../allocations/port-order.ts';
import { walkPorts } from '../allocations/port-walk.ts';
import type { PortBudget } from '../allocations/runs.ts';
import type { Queries } from '../database/database.ts';
import { idsFromAnyPlace, portsFromAnyPlace } from './any-place.ts';
import { firstRun, pickRun } from './pick-run.ts';
import { candidatesFor, type Picked, type PortWish, toPicked } from './port-wish.ts';
import { shuffled } from './shuffled.ts';

const byAddress: PortOrder = { by: 'ip', isDescending: false };
/** Ports looked at for neighbours while others wait for the node. */
const mostLookedAtAlone = 2000;

/**
 * Picks free ports of a node that nobody holds, or null where there are not enough. Unless the lowest are
 * wanted, those who pick at the same time look in different places. Someone else may take the ports before
 * they are held.
 *
 * @param budget How many ports may be looked at for neighbours, or for an address with enough of them.
 */
export async function pickPorts(
  services: PortServices,
  queries: Queries,
  nodeId: number,
  wish: PortWish,
  budget: PortBudget,
): Promise<Picked | null> {
  const filter = candidatesFor(nodeId, wish);
  if (wish.isConsecutive && wish.count > 1) return pickRun(services, queries, filter, wish, budget);
  const isAnyAddress = wish.isSameIp && wish.ip === null && wish.count > 1;
  const rows = isAnyAddress
    ? await pickOnOneAddress(services, queries, filter, wish, budget)
    : await pickAny(services, queries, filter, wish);
  return toPicked(rows);
}

/**
 * Picks again what was found a moment ago, for one who holds the node alone: the same ports or, where somebody
 * took them meanwhile, others near them. Looks at so few ports that nobody waits for long.
 */
export async function pickAgain(
  services: PortServices,
  queries: Queries,
  nodeId: number,
  wish: PortWish,
  found: Picked,
): Promise<readonly number[]> {
  const filter = candidatesFor(nodeId, wish);
  const { count, isLowest } = wish;
  if (wish.isConsecutive && count > 1) {
    const run = await firstRun(services, queries, filter, count, found, { left: mostLookedAtAlone });
    return run?.ids ?? found.ids;
  }
  const near = wish.isSameIp ? { ...filter, ip: found.ip } : filter;
  const rows = await pickAny(services, queries, near, { count, isLowest }, isLowest ? found : null);
  return rows.length === 0 ? found.ids : rows.map(({ id }) => id);
}

async function pickAny(
  services: PortServices,
  queries: Queries,
  filter: PortFilter,
  { count, isLowest }: Pick<PortWish, 'count' | 'isLowest'>,
  from: Pick<Picked, 'ip' | 'port'> | null = null,
): Promise<readonly PortRow[]> {
  const after = from === null ? null : [from.ip, from.port - 1, 0];
  const read = (part: PortFilter, order: PortOrder, limit: number) =>
    readPorts(services, queries, part, order, { after: order.by === 'ip' ? after : null, offset: 0, limit });
  const rows: PortRow[] = [];
  if (isLowest) {
    rows.push(...(await read(filter, byAddress, count)));
  } else if (filter.ip !== null) {
    for (const part of await portsFromAnyPlace(queries, filter, filter.ip)) {
      rows.push(...(await read(part, byAddress, count - rows.length)));
      if (rows.length === count) break;
    }
  } else {
    for (const part of await idsFromAnyPlace(services, queries, filter)) {
      rows.push(...(await read(part, defaultOrder, count - rows.length)));
      if (rows.length === count) break;
    }
  }
  return rows.length < count ? [] : rows;
}

async function pickOnOneAddress(
  services: PortServices,
  queries: Queries,
  filter: PortFilter,
  wish: PortWish,
  budget: PortBudget,
): Promise<readonly PortRow[]> {
  if (!wish.isLowest) {
    // Most addresses have room, so that of any free port is worth a try before all are counted.
    const [any] = await pickAny(services, queries, filter, { count: 1, isLowest: false });
    if (any === undefined) return [];
    const rows = await pickAny(services, queries, { ...filter, ip: any.ip }, wish);
    if (rows.length > 0) return rows;
  }
  const limit = Math.max(1, budget.left);
  const walk = await walkPorts(services, queries, filter, 'ip', limit);
  const conditions = [...portConditions(services, filter), ...walk.conditions];
  const { rows: addresses } = await sql<{ ip: string; free: number | string }>`
    select p.ip, count(*) as free from (
      select a.ip from ${walk.from} where ${sql.join(conditions, sql` and `)}
      order by a.ip, a.port limit ${sql.lit(limit)}) as p
    group by p.ip order by p.ip`.execute(queries);
  budget.left -= addresses.reduce((sum, { free }) => sum + Number(free), 0);
  const enough = addresses.filter(({ free }) => Number(free) >= wish.count);
  for (const { ip } of wish.isLowest ? enough : shuffled(enough)) {
    const rows = await pickAny(services, queries, { ...filter, ip }, wish);
    if (rows.length > 0) return rows;
  }
  return [];
}
