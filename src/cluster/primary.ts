import cluster, { type Worker } from 'node:cluster';
import { MemoryRateLimiter } from '../auth/memory-rate-limiter.ts';
import type { Logger } from '../logging.ts';
import { workersMetrics } from '../metrics.ts';
import { OperatorError } from '../operator-error.ts';
import type { PrimaryMessage, WorkerMessage } from './messages.ts';
import { workerNumberVariable } from './worker-link.ts';

/** Pauses before a worker that ended is replaced, in milliseconds: longer each time that it did not get ready. */
const shortestPauseMs = 250;
const longestPauseMs = 30_000;

type Ready = Extract<WorkerMessage, { readonly kind: 'ready' }>;

/** The workers, serving. */
export interface RunningWorkers {
  readonly url: string;
  /** The panel they found, for people. */
  readonly panelName: string;
  /** Lets them finish what they have, and end. */
  stop(): Promise<void>;
}

/**
 * Starts so many workers: processes of this same program, with the same arguments, which share one address, one
 * set of rate limits and one set of metrics. A worker that ends is replaced.
 *
 * @throws OperatorError with a worker's own reason where it can't start; none is left then
 */
export async function startWorkers(count: number, logger: Logger): Promise<RunningWorkers> {
  const workers = new Workers(logger);
  try {
    // The first one finds the address, where any free one is asked for; the others join it there.
    const { url, panelName } = await workers.start(1);
    await Promise.all(Array.from({ length: count - 1 }, (_, index) => workers.start(index + 2)));
    workers.keepAlive();
    return { url, panelName, stop: () => workers.stop() };
  } catch (error) {
    await workers.stop();
    throw error;
  }
}

class Workers {
  readonly #logger: Logger;
  readonly #limiter = new MemoryRateLimiter();
  readonly #metrics = workersMetrics();
  readonly #byNumber = new Map<number, Worker>();
  readonly #pauses = new Set<NodeJS.Timeout>();
  #replaces = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Starts a worker and waits until it serves.
   *
   * @param pauseMs Pause before it is replaced, should it end before it serves.
   * @throws OperatorError where it ends before it serves
   */
  start(number: number, pauseMs = shortestPauseMs): Promise<Ready> {
    const worker = cluster.fork({ [workerNumberVariable]: String(number) });
    this.#byNumber.set(number, worker);
    return new Promise((resolve, reject) => {
      let nextPauseMs = Math.min(longestPauseMs, pauseMs * 2);
      worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'ready') {
          nextPauseMs = shortestPauseMs;
          resolve(message);
        } else if (message.kind === 'failed') reject(new OperatorError(message.reason));
        else this.#answer(worker, message);
      });
      worker.once('exit', (code, signal) => {
        this.#byNumber.delete(number);
        reject(new OperatorError(`a worker ended with ${signal ?? code} before it was ready`));
        if (!this.#replaces) return;
        this.#logger.error({ worker: number, code, signal }, 'a worker ended; it is replaced');
        this.#replaceAfter(nextPauseMs, number);
      });
    });
  }

  /** From now on replaces workers that end. */
  keepAlive(): void {
    this.#replaces = true;
  }

  async stop(): Promise<void> {
    this.#replaces = false;
    for (const pause of this.#pauses) clearTimeout(pause);
    await Promise.all([...this.#byNumber.values()].map(endWorker));
  }

  #replaceAfter(pauseMs: number, number: number): void {
    const pause = setTimeout(() => {
      this.#pauses.delete(pause);
      this.start(number, pauseMs).catch((error: unknown) => {
        this.#logger.error({ worker: number, err: error }, 'a worker could not be replaced');
      });
    }, pauseMs);
    this.#pauses.add(pause);
  }

  #answer(worker: Worker, message: WorkerMessage): void {
    if (message.kind === 'count') {
      const states = message.hits.map((hit) => this.#limiter.count(hit));
      send(worker, { kind: 'counted', id: message.id, states });
    } else if (message.kind === 'metrics') {
      this.#metrics().then(
        (text) => send(worker, { kind: 'metrics', id: message.id, text }),
        (error) => this.#logger.warn({ err: error }, 'the metrics of the workers could not be collected'),
      );
    }
  }
}

function send(worker: Worker, message: PrimaryMessage): void {
  // A worker that has ended meanwhile wants no answer; without a listener the failure would end the primary.
  if (worker.isConnected()) worker.send(message, undefined, undefined, () => undefined);
}

function endWorker(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    if (worker.isDead()) return resolve();
    worker.once('exit', () => resolve());
    worker.process.kill('SIGTERM');
  });
}
