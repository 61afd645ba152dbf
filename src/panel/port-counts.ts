import { sql } from 'kysely';
import { atMost, Batcher } from '../database/batcher.ts';
import type { Queries } from '../database/database.ts';

/** How many ports a node has, and how many of them a server has. */
export interface PortCounts {
  readonly total: number;
  readonly used: number;
}

/** Counting so few ports is never slow, however busy the machine is. */
export const fewPorts = 10_000;
/** Counting that takes longer than this is not done for every request, in milliseconds. */
const slowMs = 20;
/** How old a count may be where counting is slow, in milliseconds. */
const keptMs = 5000;

const noPorts: PortCounts = { total: 0, used: 0 };

interface Kept {
  readonly counts: PortCounts;
  readonly countedAt: number;
  /** Whether the statement that counted it was. */
  readonly isSlow: boolean;
}

/**
 * Counts the ports of nodes, of all that are asked for at the same time with one statement, and with one at a
 * time. Where that is quick, each count is made anew; where it is slow, it is remembered for each node.
 */
export class KnownPortCounts {
  readonly #count: (nodeIds: readonly number[]) => Promise<ReadonlyMap<number, PortCounts>>;
  readonly #batcher = new Batcher(
    (ids: readonly number[]) => this.#answer(ids),
    atMost(Number.MAX_SAFE_INTEGER),
  );
  readonly #kept = new Map<number, Kept>();
  #isRefreshing = false;

  /** @param count Counts the ports of nodes; one without ports may have no entry. */
  constructor(count: (nodeIds: readonly number[]) => Promise<ReadonlyMap<number, PortCounts>>) {
    this.#count = count;
  }

  /** The counts of nodes, in their order: where counting takes long, those of the last five seconds. */
  async of(nodeIds: readonly number[]): Promise<readonly PortCounts[]> {
    const kept = this.#recent(nodeIds, keptMs);
    return kept ?? Promise.all(nodeIds.map((id) => this.#batcher.load(id)));
  }

  /**
   * The same where a count of any age will do: only who comes first waits for one that takes long, and what has
   * become old is counted anew meanwhile.
   */
  async latest(nodeIds: readonly number[]): Promise<readonly PortCounts[]> {
    const kept = this.#recent(nodeIds, Number.POSITIVE_INFINITY);
    if (kept === null) return this.of(nodeIds);
    if (!this.#isRefreshing && this.#recent(nodeIds, keptMs) === null) this.#refresh(nodeIds);
    return kept;
  }

  #refresh(nodeIds: readonly number[]): void {
    this.#isRefreshing = true;
    const done = () => {
      this.#isRefreshing = false;
    };
    // Whoever needs it next tries again.
    this.of(nodeIds).then(done, done);
  }

  /** What is remembered of all of these nodes, or null. Few ports are always counted. */
  #recent(nodeIds: readonly number[], maxAgeMs: number): readonly PortCounts[] | null {
    const oldest = performance.now() - maxAgeMs;
    const kept = nodeIds.flatMap((id) => this.#kept.get(id) ?? []);
    if (kept.length < nodeIds.length || kept.some(({ countedAt }) => countedAt <= oldest)) return null;
    const counts = kept.map((one) => one.counts);
    return kept.some(({ isSlow }) => isSlow) && sumOf(counts) > fewPorts ? counts : null;
  }

  async #answer(nodeIds: readonly number[]): Promise<readonly PortCounts[]> {
    const ids = [...new Set(nodeIds)];
    // Whoever was ahead may have counted the same, and slowly.
    const known = this.#recent(ids, keptMs) ?? (await this.#countAnew(ids));
    const byId = new Map(ids.map((id, index) => [id, known[index] ?? noPorts]));
    return nodeIds.map((id) => byId.get(id) ?? noPorts);
  }

  async #countAnew(ids: readonly number[]): Promise<readonly PortCounts[]> {
    const start = performance.now();
    const found = await this.#count(ids);
    const countedAt = performance.now();
    const all = ids.map((id) => found.get(id) ?? noPorts);
    const isSlow = countedAt - start > slowMs;
    for (const [index, id] of ids.entries()) {
      this.#kept.set(id, { counts: all[index] ?? noPorts, countedAt, isSlow });
    }
    return all;
  }
}

function sumOf(counts: readonly PortCounts[]): number {
  return counts.reduce((sum, { total }) => sum + total, 0);
}

/** Counts the ports of nodes with one statement; a node without ports has no entry. */
export async function countPortsOf(
  queries: Queries,
  nodeIds: readonly number[],
): Promise<ReadonlyMap<number, PortCounts>> {
  const { rows } = await sql<{ node_id: number; total: number | string; used: number | string }>`
    select node_id, count(*) as total, count(server_id) as used from ${sql.table('allocations')}
    where node_id in (${sql.join(nodeIds)}) group by node_id`.execute(queries);
  return new Map(rows.map((row) => [row.node_id, { total: Number(row.total), used: Number(row.used) }]));
}
