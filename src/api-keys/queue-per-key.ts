/** Runs work one at a time for equal keys, side by side for others. */
export class QueuePerKey<Key> {
  readonly #tails = new Map<Key, Promise<unknown>>();

  /** Runs `work` once all earlier work for `key` has ended, well or not. */
  async run<Result>(key: Key, work: () => Promise<Result>): Promise<Result> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(work);
    const tail = result.catch(() => undefined);
    this.#tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
