import { setImmediate as endOfTurn } from 'node:timers/promises';
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

  /**
   * @param name Tells what is asked for from everything else; callers with the same name want the same `work`.
   */
  run<Value>(line: string, name: string, work: () => Promise<Value>): Promise<Value> {
    const waiting = this.#waiting.get(name);
    if (waiting !== undefined) return waiting as Promise<Value>;
    // Whoever arrived in the same turn of the event loop is still on the way here.
    const before = this.#lines.get(line) ?? endOfTurn(null);
    const run = before.then((failure) => {
      this.#waiting.delete(name);
      if (failure !== null) throw failure;
      return work();
    });
    this.#waiting.set(name, run);
    this.#append(line, run);
    return run;
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
