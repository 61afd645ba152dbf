import type { Database, Queries } from './database.ts';
import { classifyFailure } from './errors.ts';

/** How long a replica that failed is left alone, in milliseconds. */
const restMs = 5000;

/**
 * Reads that may be a little behind: lists. They go to a replica where there is one, and to the primary while
 * it does not answer.
 */
export class Reads {
  readonly #primary: Database;
  readonly #replica: Database | null;
  readonly #onFailure: (error: unknown) => void;
  #restsUntil = 0;

  /** @param onFailure Told when the replica fails, at most once in a few seconds. */
  constructor(primary: Database, replica: Database | null, onFailure: (error: unknown) => void) {
    this.#primary = primary;
    this.#replica = replica;
    this.#onFailure = onFailure;
  }

  /** Runs `read`, which must do nothing but read: it may run twice. */
  async run<Result>(read: (queries: Queries) => Promise<Result>): Promise<Result> {
    if (this.#replica === null || performance.now() < this.#restsUntil) return read(this.#primary.queries);
    try {
      return await read(this.#replica.queries);
    } catch (error) {
      if (classifyFailure(error) !== 'unavailable') throw error;
      this.#restsUntil = performance.now() + restMs;
      this.#onFailure(error);
      return read(this.#primary.queries);
    }
  }

  /** Closes the connections to the replica. */
  async close(): Promise<void> {
    await this.#replica?.close();
  }
}
