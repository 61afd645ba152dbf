import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { IdRange } from './port-filter.ts';

/** How long a range is good enough, in milliseconds. */
const keptMs = 60_000;
/** Ranges remembered at once; then the oldest is forgotten. */
const mostRemembered = 1000;

interface Known {
  readonly range: Promise<IdRange | null>;
  readonly readAt: number;
}

/**
 * The lowest and the highest row id among the ports of each node: where to look for some. A range may be a
 * minute old, and then leaves out ports added since, which matters to nobody who wants any.
 */
export class PortIds {
  readonly #database: Database;
  readonly #known = new Map<number, Known>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** The range of a node; null for a node without ports. */
  of(nodeId: number): Promise<IdRange | null> {
    const known = this.#known.get(nodeId);
    if (known !== undefined && performance.now() - known.readAt < keptMs) return known.range;
    const range = this.#read(nodeId);
    this.#known.delete(nodeId);
    this.#known.set(nodeId, { range, readAt: performance.now() });
    // What failed, or found none, is looked for again.
    range.then(
      (found) => found === null && this.#known.delete(nodeId),
      () => this.#known.delete(nodeId),
    );
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostRemembered && oldest !== undefined) this.#known.delete(oldest);
    return range;
  }

  async #read(nodeId: number): Promise<IdRange | null> {
    const { rows } = await sql<{ first: number | null; last: number | null }>`
      select min(id) as first, max(id) as last from ${sql.table('allocations')}
      where node_id = ${nodeId}`.execute(this.#database.queries);
    const { first = null, last = null } = rows[0] ?? {};
    return first === null || last === null ? null : { from: Number(first), to: Number(last) };
  }
}
