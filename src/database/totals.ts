import { SharedRuns } from './shared-runs.ts';

/** Counting that takes longer than this is not done for every request, in milliseconds. */
const slowMs = 20;
/** How old a count may be where counting is slow, in milliseconds. */
const keptMs = 5000;
/** Counts of one thing that may wait for their turn. */
const mostWaiting = 8;
/** Counts remembered at once; then the oldest is forgotten. */
const mostRemembered = 1000;

interface Kept {
  readonly value: unknown;
  readonly countedAt: number;
}

/**
 * Counts of many rows. Where counting is quick, every count is made anew. Where it is not, one may be a few
 * seconds old. Of each thing that is counted, one count at a time is under way.
 */
export class Totals {
  readonly #kept = new Map<string, Kept>();
  readonly #runs = new SharedRuns(mostWaiting);

  /**
   * @param counted What is counted: `node 3`.
   * @param name Tells one count of it from another.
   * @param mayBeOld Whether an answer that took long may be given again.
   * @throws ApiError 503 where many other counts of it wait already.
   */
  async of<Value>(
    counted: string,
    name: string,
    count: () => Promise<Value>,
    mayBeOld: boolean,
  ): Promise<Value> {
    const key = JSON.stringify([counted, name]);
    const kept = this.#recent(key);
    if (kept !== undefined) return kept.value as Value;
    return this.#runs.run(counted, key, async () => {
      // Whoever was ahead may have counted the same, and slowly.
      const known = this.#recent(key);
      return known === undefined ? this.#count(key, count, mayBeOld) : (known.value as Value);
    });
  }

  #recent(key: string): Kept | undefined {
    const kept = this.#kept.get(key);
    return kept !== undefined && performance.now() - kept.countedAt < keptMs ? kept : undefined;
  }

  async #count<Value>(key: string, count: () => Promise<Value>, mayBeOld: boolean): Promise<Value> {
    const start = performance.now();
    const value = await count();
    const countedAt = performance.now();
    this.#kept.delete(key);
    if (mayBeOld && countedAt - start > slowMs) this.#remember(key, { value, countedAt });
    return value;
  }

  #remember(key: string, kept: Kept): void {
    this.#kept.set(key, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > mostRemembered && oldest !== undefined) this.#kept.delete(oldest);
  }
}
