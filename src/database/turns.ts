import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseUnavailableError } from './errors.ts';

interface Waiting {
  readonly grant: () => void;
  readonly timer: NodeJS.Timeout;
}

/** Hands one thing to those who wait for it, in order of arrival. */
export class Turns {
  readonly #waiting = new Set<Waiting>();
  #isTaken = false;
  #restsUntil = 0;

  /**
   * Resolves when it is the caller's turn, who has to `pass` it on.
   *
   * @param deadline As `performance.now` tells it.
   * @throws DatabaseUnavailableError where that takes longer.
   */
  async take(deadline: number): Promise<void> {
    if (this.#isTaken) await this.#wait(deadline);
    this.#isTaken = true;
    const rest = this.#restsUntil - performance.now();
    if (rest > 0) await delay(Math.ceil(rest));
  }

  /** @param restMs For how long nobody's turn begins, in milliseconds. */
  pass(restMs = 0): void {
    this.#restsUntil = performance.now() + restMs;
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#isTaken = false;
      return;
    }
    this.#waiting.delete(next);
    clearTimeout(next.timer);
    next.grant();
  }

  #wait(deadline: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting);
        reject(new DatabaseUnavailableError('too many wait for the SQLite file'));
      }, deadline - performance.now());
      const waiting = { grant: resolve, timer };
      this.#waiting.add(waiting);
    });
  }
}
