import { randomInt } from 'node:crypto';
import { sql } from 'kysely';
import type { PortServices } from '../allocations/list-ports.ts';
import type { PortFilter, PortRange } from '../allocations/port-filter.ts';
import type { Queries } from '../database/database.ts';

/**
 * A list of ports in order of id, in two parts, the first of which begins at a random port of the node: those
 * who look at the same time find different ones.
 */
export async function idsFromAnyPlace(
  { portIds }: PortServices,
  queries: Queries,
  filter: PortFilter,
): Promise<readonly PortFilter[]> {
  const known = await portIds.of(queries, filter.nodeIds);
  if (known === null) return [];
  const start = randomInt(known.from, known.to + 1);
  return [
    { ...filter, ids: { from: start, to: null } },
    { ...filter, ids: { from: null, to: start - 1 } },
  ];
}

/** The ports of one address, in two parts, the first of which begins at a random one. */
export async function portsFromAnyPlace(
  queries: Queries,
  filter: PortFilter,
  ip: string,
): Promise<readonly PortFilter[]> {
  const { from: lowest, to: highest } = filter.ports ?? { from: 0, to: 65_535 };
  const { rows } = await sql<{ first: number | null; last: number | null }>`
    select min(a.port) as first, max(a.port) as last from ${sql.table('allocations')} as a
    where a.node_id = ${filter.nodeIds[0] ?? 0} and a.ip = ${ip}
      and a.port between ${lowest} and ${highest}`.execute(queries);
  const { first = null, last = null } = rows[0] ?? {};
  if (first === null || last === null) return [];
  const start = randomInt(first, last + 1);
  const part = (ports: PortRange): PortFilter => ({ ...filter, ip, ports });
  return [part({ from: start, to: last }), part({ from: first, to: start - 1 })];
}
