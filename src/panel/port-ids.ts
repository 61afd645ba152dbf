import { sql } from 'kysely';
import type { Queries } from '../database/database.ts';

/** Where the ports of some nodes are among the rows of all ports. */
export interface PortIds {
  /** How many ports they have. */
  readonly count: number;
  /** The lowest and the highest row id among them. */
  readonly from: number;
  readonly to: number;
  /** How many free ports, of whatever node, are from the lowest to the highest. */
  readonly free: number;
  /** The highest row id of all ports: what was added since has a higher one. */
  readonly newest: number;
}

/** How long it is known, in milliseconds. */
const keptMs = 60_000;
/** Sets of nodes remembered at once; then the oldest is forgotten. */
const mostRemembered = 1000;

interface Known {
  readonly ids: PortIds;
  /** When it was read, or when someone began to read it anew. */
  readAt: number;
}

/**
 * Remembers where the ports of nodes are, so that whoever looks for some passes over those of other nodes.
 * Ports only ever get higher ids: one that was added since is found beyond the newest.
 *
 * Nobody waits for what another reads: within a transaction that could be for ever.
 */
export class KnownPortIds {
  readonly #known = new Map<string, Known>();

  /** Where the ports of these nodes are; null where they have none. */
  async of(queries: Queries, nodeIds: readonly number[]): Promise<PortIds | null> {
    const name = nodeIds.join();
    const known = this.#known.get(name);
    const now = performance.now();
    if (known !== undefined) {
      if (now - known.readAt < keptMs) return known.ids;
      // Others go on with the old one meanwhile.
      known.readAt = now;
    }
    const ids = await readPortIds(queries, nodeIds);
    this.#known.delete(name);
    if (ids !== null) this.#known.set(name, { ids, readAt: now });
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostRemembered && oldest !== undefined) this.#known.delete(oldest);
    return ids;
  }
}

async function readPortIds(queries: Queries, nodeIds: readonly number[]): Promise<PortIds | null> {
  const ports = sql.table('allocations');
  const { rows } = await sql<Record<'count' | 'first' | 'last' | 'newest', number | string | null>>`
    select count(*) as count, min(id) as first, max(id) as last, (select max(id) from ${ports}) as newest
    from ${ports} where node_id in (${sql.join(nodeIds)})`.execute(queries);
  const [row] = rows;
  if (row === undefined || row.first === null) return null;
  // Some drivers give a count as text.
  const [count, from, to] = [Number(row.count), Number(row.first), Number(row.last)];
  const { rows: counted } = await sql<{ free: number | string }>`
    select count(*) as free from ${ports}
    where server_id is null and id between ${from} and ${to}`.execute(queries);
  return { count, from, to, free: Number(counted[0]?.free), newest: Number(row.newest) };
}
