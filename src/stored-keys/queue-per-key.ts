import { classifyFailure, DatabaseUnavailableError } from '../database/errors.ts';

/** Runs work one at a time for equal keys, side by side for others. */
export class QueuePerKey<Key> {
  readonly #timeoutMs: number;
  readonly #tails = new Map<Key, Promise<void>>();

  /** @param timeoutMs Longest wait of one work for those before it. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Runs `work` once all earlier work for `key` has ended, well or not. Where the database is away, all who wait
   * fail together instead of each finding out in turn.
   *
   * @throws DatabaseUnavailableError where the earlier work takes too long.
   */
  async run<Result>(key: Key, work: () => Promise<Result>): Promise<Result> {
    const deadline = Date.now() + this.#timeoutMs;
    const overdue = new DatabaseUnavailableError('too many requests wait for this user');
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(() => {
      if (Date.now() > deadline) throw overdue;
      return work();
    });
    const tail = result.then(
      () => undefined,
      (error: unknown) => {
        // Those behind came later, and may still have time.
        if (error !== overdue && classifyFailure(error) === 'unavailable') throw error;
      },
    );
    // Where nobody waits, nobody is to be told.
    tail.catch(() => undefined);
    this.#tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
