import { sql } from 'kysely';
import type { Queries } from '../database/database.ts';
import { KeptByNode } from './kept-by-node.ts';

/** Where the ports of some nodes are among the rows of all ports. */
export interface PortIds {
  /** How many ports they have. */
  readonly count: number;
  /** The lowest and the highest row id among them. */
  readonly from: number;
  readonly to: number;
  /**
   * Up to this row id none comes into being any more; 0 where that is not known yet. Ports get their ids in
   * order, but show when their transaction ends: for a while, one may appear below others.
   */
  readonly settled: number;
}

/** Longer than any transaction of the panel's lasts, in milliseconds. */
const settlingMs = 600_000;
/** Least time between two looks at the newest id that are remembered, in milliseconds. */
const sampleMs = 60_000;
/** So many times the ports of a node are free ports of others among them, and it does not matter how many more. */
const mostFree = 4;

/** The highest row id of all ports at some time. */
interface Sample {
  readonly newest: number;
  readonly readAt: number;
}

/** Remembers where the ports of each node are, so that whoever looks for some passes over those of other nodes. */
export class KnownPortIds {
  readonly #places = new KeptByNode((queries, nodeIds) => this.#readPlaces(queries, nodeIds));
  readonly #free = new KeptByNode((queries, nodeIds) => this.#readFree(queries, nodeIds));
  /** Oldest first. */
  #samples: readonly Sample[] = [];

  /** Where the ports of these nodes are; null where they have none. */
  async of(queries: Queries, nodeIds: readonly number[]): Promise<PortIds | null> {
    const [first, ...others] = await this.#places.of(queries, nodeIds);
    return first === undefined ? null : others.reduce(combined, first);
  }

  /**
   * How many free ports, of whatever node, are among those of this one by row id; where there are more than
   * four times as many as it has ports, so many.
   */
  async freeAmong(queries: Queries, nodeId: number): Promise<number> {
    const [free = 0] = await this.#free.of(queries, [nodeId]);
    return free;
  }

  async #readPlaces(queries: Queries, nodeIds: readonly number[]): Promise<ReadonlyMap<number, PortIds>> {
    const readAt = performance.now();
    const settled = this.#samples.findLast((sample) => readAt - sample.readAt >= settlingMs)?.newest ?? 0;
    const ports = sql.table('allocations');
    const { rows } = await sql<Record<'node_id' | 'count' | 'first' | 'last' | 'newest', number | string>>`
      select node_id, count(*) as count, min(id) as first, max(id) as last,
        (select max(id) from ${ports}) as newest
      from ${ports} where node_id in (${sql.join(nodeIds)}) group by node_id`.execute(queries);
    const [any] = rows;
    if (any !== undefined) this.#note({ newest: Number(any.newest), readAt });
    // Some drivers give a count as text.
    return new Map(
      rows.map((row) => [
        Number(row.node_id),
        { count: Number(row.count), from: Number(row.first), to: Number(row.last), settled },
      ]),
    );
  }

  #note(sample: Sample): void {
    const latest = this.#samples.at(-1);
    if (latest !== undefined && sample.readAt - latest.readAt < sampleMs) return;
    const old = this.#samples.findLastIndex(({ readAt }) => sample.readAt - readAt >= settlingMs);
    this.#samples = [...this.#samples.slice(Math.max(0, old)), sample];
  }

  async #readFree(queries: Queries, nodeIds: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const free = new Map<number, number>();
    for (const nodeId of nodeIds) {
      const ids = await this.of(queries, [nodeId]);
      if (ids === null) continue;
      const { rows } = await sql<{ free: number | string }>`
        select count(*) as free from (
          select id from ${sql.table('allocations')}
          where server_id is null and id between ${ids.from} and ${ids.to}
          limit ${sql.lit(mostFree * ids.count)}) as f`.execute(queries);
      free.set(nodeId, Number(rows[0]?.free));
    }
    return free;
  }
}

function combined(a: PortIds, b: PortIds): PortIds {
  return {
    count: a.count + b.count,
    from: Math.min(a.from, b.from),
    to: Math.max(a.to, b.to),
    settled: Math.min(a.settled, b.settled),
  };
}
