import { setImmediate as endOfTurn } from 'node:timers/promises';
import { unavailable } from '../api-error.ts';
import { classifyFailure } from './errors.ts';

/**
 * Lets callers that ask for the same at the same time share one run of it. Runs stand in lines: those of one
 * line come one after the other, those of different lines side by side. A caller only joins a run that has not
 * begun, so no answer is older than its question; and however many ask for one thing, one run of it is under
 * way and one waits. Where the database is away, all in a line fail together instead of each in turn.
 */
export class SharedRuns {
  readonly #waiting = new Map<string, Promise<unknown>>();
  /** The end of each line: resolves with why the database was away, or null. */
  readonly #lines = new Map<string, Promise<unknown>>();
  /** How many runs of each line have not begun. */
  readonly #lengths = new Map<string, number>();
  readonly #mostWaiting: number;

  /** @param mostWaiting Runs that may wait in one line, so that nobody waits behind many of another's. */
  constructor(mostWaiting = Number.POSITIVE_INFINITY) {
    this.#mostWaiting = mostWaiting;
  }

  /**
   * @param name Tells what is asked for from everything else; callers with the same name want the same `work`.
   * @throws ApiError 503 where too many others wait in the line.
   */
  async run<Value>(line: string, name: string, work: () => Promise<Value>): Promise<Value> {
    const waiting = this.#waiting.get(name);
    if (waiting !== undefined) return waiting as Promise<Value>;
    this.#enter(line);
    // Whoever arrived in the same turn of the event loop is still on the way here.
    const before = this.#lines.get(line) ?? endOfTurn(null);
    const run = before.then((failure) => {
      this.#waiting.delete(name);
      this.#leave(line);
      if (failure !== null) throw failure;
      return work();
    });
    this.#waiting.set(name, run);
    this.#append(line, run);
    return run;
  }

  #enter(line: string): void {
    const length = this.#lengths.get(line) ?? 0;
    if (length >= this.#mostWaiting)
      throw unavailable('Too many others wait for the same, please try again.');
    this.#lengths.set(line, length + 1);
  }

  #leave(line: string): void {
    const length = (this.#lengths.get(line) ?? 0) - 1;
    if (length > 0) this.#lengths.set(line, length);
    else this.#lengths.delete(line);
  }

  #append(line: string, run: Promise<unknown>): void {
    const end = run.then(
      () => null,
      (error: unknown) => (classifyFailure(error) === 'unavailable' ? error : null),
    );
    this.#lines.set(line, end);
    void end.then(() => {
      if (this.#lines.get(line) === end) this.#lines.delete(line);
    });
  }
}
