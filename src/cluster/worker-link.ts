import cluster from 'node:cluster';
import type { Hits } from '../auth/grouped-hits.ts';
import type { WindowState } from '../auth/rate-limiter.ts';
import type { PrimaryMessage, WorkerMessage } from './messages.ts';

/** The variable that tells a worker which of them it is, from 1. */
export const workerNumberVariable = 'PANEL_SIDECAR_WORKER';

/** Longest wait for the primary, in milliseconds. */
const timeoutMs = 1000;

/** Which worker this process is, from 1; null for one that is none. */
export function workerNumber(): number | null {
  return cluster.isWorker ? Number(process.env[workerNumberVariable]) : null;
}

/** A worker's line to the primary. */
export class WorkerLink {
  readonly #waiting = new Map<number, (answer: PrimaryMessage) => void>();
  #lastId = 0;

  constructor() {
    process.on('message', (message: PrimaryMessage) => {
      // The metrics library has messages of its own, which nobody waits for here.
      const settle = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      settle?.(message);
    });
  }

  /** Tells the primary something that has no answer. */
  tell(message: WorkerMessage): void {
    // A primary that is gone needs to be told nothing; without a listener the failure would end the process.
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  }

  /** Counts requests in the windows that all workers share. @throws Error where the primary does not answer */
  async count(hits: readonly Hits[]): Promise<readonly WindowState[]> {
    const answer = await this.#ask((id) => ({ kind: 'count', id, hits }));
    if (answer.kind !== 'counted') throw new Error('the primary gave another answer');
    return answer.states;
  }

  /** The metrics of all workers together. @throws Error where the primary does not answer */
  async metrics(): Promise<string> {
    const answer = await this.#ask((id) => ({ kind: 'metrics', id }));
    if (answer.kind !== 'metrics') throw new Error('the primary gave another answer');
    return answer.text;
  }

  /** Hangs up, as the line alone would keep the process alive. */
  close(): void {
    if (process.connected) process.disconnect?.();
  }

  #ask(message: (id: number) => WorkerMessage): Promise<PrimaryMessage> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error('the primary does not answer'));
      }, timeoutMs);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.tell(message(id));
    });
  }
}
