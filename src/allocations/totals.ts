/** Counting that takes longer than this is not done for every request, in milliseconds. */
const slowMs = 20;
/** How old a total may be where counting is slow, in milliseconds. */
const keptMs = 5000;
/** Totals remembered at once; then the oldest is forgotten. */
const mostRemembered = 1000;

interface SlowTotal {
  readonly value: number;
  readonly countedAt: number;
  /** The count under way, which everyone who comes meanwhile waits for. */
  refreshing: Promise<number> | null;
}

/**
 * Totals of lists. Where counting is quick every total is counted anew. On nodes so large that it is not, a
 * total may be a few seconds old, and one count at a time is under way for each.
 */
export class Totals {
  readonly #slow = new Map<string, SlowTotal>();

  /** @param name Tells one total from another. */
  async of(name: string, count: () => Promise<number>): Promise<number> {
    const known = this.#slow.get(name);
    if (known === undefined) return this.#count(name, count);
    if (performance.now() - known.countedAt < keptMs) return known.value;
    known.refreshing ??= this.#count(name, count).finally(() => {
      known.refreshing = null;
    });
    return known.refreshing;
  }

  async #count(name: string, count: () => Promise<number>): Promise<number> {
    const start = performance.now();
    const value = await count();
    const countedAt = performance.now();
    this.#slow.delete(name);
    if (countedAt - start > slowMs) this.#remember(name, { value, countedAt, refreshing: null });
    return value;
  }

  #remember(name: string, total: SlowTotal): void {
    this.#slow.set(name, total);
    const [oldest] = this.#slow.keys();
    if (this.#slow.size > mostRemembered && oldest !== undefined) this.#slow.delete(oldest);
  }
}
