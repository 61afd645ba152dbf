import { classifyFailure } from './errors.ts';

interface Waiting<Key, Value> {
  readonly key: Key;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

/** Longer statements take longer to read than what they save. */
const mostTogether = 64;

/** Batches of any size up to this one. */
export function atMost(size: number): (waiting: number) => number {
  return (waiting) => Math.min(waiting, size);
}

/**
 * Sizes of batches for statements whose text depends on the number of rows: any up to 16, and above that every eighth
 * one. Each text is prepared by each connection, and the driver keeps a description of every parameter of it.
 */
export function inFewSizes(waiting: number): number {
  const size = Math.min(waiting, mostTogether);
  return size <= 16 ? size : size - (size % 8);
}

/**
 * Lets callers in flight at the same time share one round trip. The first batch leaves at the end of the
 * event loop's turn; whoever arrives while it is out forms the next one. There is no timer, so a lone caller
 * never waits, and nothing is kept: a caller only joins a batch that has not been sent, so no answer is
 * older than its question.
 *
 * `run` gets the keys of a batch and answers with one value for each, in their order. Where a batch of
 * several fails for a reason of its own, its members are tried one by one, so that one bad member does not
 * fail the rest. Where the database is away, all who wait fail together instead of each waiting in turn.
 */
export class Batcher<Key, Value> {
  readonly #run: (keys: readonly Key[]) => Promise<readonly Value[]>;
  readonly #sizeOf: (waiting: number) => number;
  #waiting: Waiting<Key, Value>[] = [];
  #sending = false;

  /** @param sizeOf how many go at once, at least one, where so many wait; the others come with the next batch */
  constructor(
    run: (keys: readonly Key[]) => Promise<readonly Value[]>,
    sizeOf: (waiting: number) => number = atMost(mostTogether),
  ) {
    this.#run = run;
    this.#sizeOf = sizeOf;
  }

  /** Resolves with the value for `key`, read (or written) after this call. */
  load(key: Key): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject });
      if (this.#sending) return;
      this.#sending = true;
      // Whoever arrived in the same turn of the event loop is still on the way here.
      setImmediate(() => void this.#drain());
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#sizeOf(this.#waiting.length));
      try {
        await this.#settle(batch);
      } catch (error) {
        for (const member of batch) member.reject(error);
        if (classifyFailure(error) === 'unavailable') this.#rejectWaiting(error);
      }
    }
    this.#sending = false;
  }

  async #settle(batch: readonly Waiting<Key, Value>[]): Promise<void> {
    let values: readonly Value[];
    try {
      values = await this.#run(batch.map((member) => member.key));
    } catch (error) {
      if (batch.length === 1 || classifyFailure(error) === 'unavailable') throw error;
      for (const member of batch) await this.#settleAlone(member);
      return;
    }
    if (values.length !== batch.length) throw new Error('a batch answered with the wrong number of values');
    batch.forEach((member, index) => {
      member.resolve(values[index] as Value);
    });
  }

  async #settleAlone(member: Waiting<Key, Value>): Promise<void> {
    try {
      const [value] = await this.#run([member.key]);
      member.resolve(value as Value);
    } catch (error) {
      member.reject(error);
    }
  }

  #rejectWaiting(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const member of waiting) member.reject(error);
  }
}
