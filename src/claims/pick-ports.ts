import { sql } from 'kysely';
import type { PortRow } from '../allocations/allocation.ts';
import { type PortServices, readPorts } from '../allocations/list-ports.ts';
import { type PortFilter, portConditions } from '../allocations/port-filter.ts';
import { defaultOrder, type PortOrder } from '../allocations/port-order.ts';
import type { Queries } from '../database/database.ts';
import { idsFromAnyPlace, portsFromAnyPlace } from './any-place.ts';
import { pickRun } from './pick-run.ts';
import { candidatesFor, type PortWish } from './port-wish.ts';
import { shuffled } from './shuffled.ts';

const byAddress: PortOrder = { by: 'ip', isDescending: false };

/**
 * Picks free ports of a node that nobody holds, or none where there are not enough. Unless the lowest are
 * wanted, those who pick at the same time look in different places. Someone else may take the ports before
 * they are held.
 *
 * @param queries What to read with: within a transaction, the transaction.
 */
export async function pickPorts(
  services: PortServices,
  queries: Queries,
  nodeId: number,
  wish: PortWish,
): Promise<readonly number[]> {
  const filter = candidatesFor(nodeId, wish);
  if (wish.isConsecutive && wish.count > 1) return pickRun(services, queries, filter, wish);
  const isAnyAddress = wish.isSameIp && wish.ip === null && wish.count > 1;
  const rows = isAnyAddress
    ? await pickOnOneAddress(services, queries, filter, wish)
    : await pickAny(services, queries, filter, wish);
  return rows.map(({ id }) => id);
}

async function pickAny(
  services: PortServices,
  queries: Queries,
  filter: PortFilter,
  { count, isLowest }: Pick<PortWish, 'count' | 'isLowest'>,
): Promise<readonly PortRow[]> {
  const read = (part: PortFilter, order: PortOrder, limit: number) =>
    readPorts(services, queries, part, order, { after: null, offset: 0, limit });
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
): Promise<readonly PortRow[]> {
  if (!wish.isLowest) {
    // Most addresses have room, so that of any free port is worth a try before all are counted.
    const [any] = await pickAny(services, queries, filter, { count: 1, isLowest: false });
    if (any === undefined) return [];
    const rows = await pickAny(services, queries, { ...filter, ip: any.ip }, wish);
    if (rows.length > 0) return rows;
  }
  const { rows: addresses } = await sql<{ ip: string }>`
    select a.ip from ${sql.table('allocations')} as a
    where ${sql.join(portConditions(services, filter), sql` and `)}
    group by a.ip having count(*) >= ${wish.count} order by a.ip`.execute(queries);
  for (const { ip } of wish.isLowest ? addresses : shuffled(addresses)) {
    const rows = await pickAny(services, queries, { ...filter, ip }, wish);
    if (rows.length > 0) return rows;
  }
  return [];
}
