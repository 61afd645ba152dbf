import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry, type PrometheusContentType } from 'prom-client';
import { MemoryRateLimiter } from '../auth/rate-limiter.ts';
import type { Logger } from '../logging.ts';
import { OperatorError } from '../operator-error.ts';
import type { WorkerMessage } from './messages.ts';

/** The variable that tells a worker which of them it is, from 1. */
export const workerSlotVariable = 'PANEL_SIDECAR_WORKER';
type ReadyMessage = Extract<WorkerMessage, { readonly kind: 'ready' }>;

/** Pause before a worker that ended is replaced, in milliseconds. */
const replacementPauseMs = 1000;

/** The workers, serving. */
export interface RunningWorkers {
  readonly url: string;
  /** The panel they found, for people. */
  readonly panelName: string;
  /** Lets them finish what they have, and end. */
  stop(): Promise<void>;
}

/**
 * Starts so many workers, which share one address, one set of rate limits and one set of metrics. A worker
 * that ends is replaced.
 *
 * @throws OperatorError with a worker's own reason where it can't start.
 */
export async function startWorkers(count: number, logger: Logger): Promise<RunningWorkers> {
  const limiter = new MemoryRateLimiter();
  const metrics = new AggregatorRegistry<PrometheusContentType>();
  const slots = new Map<number, Worker>();
  let isStopping = false;

  const start = (slot: number): Promise<ReadyMessage> => {
    const worker = cluster.fork({ [workerSlotVariable]: String(slot) });
    slots.set(slot, worker);
    return new Promise((resolve, reject) => {
      worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'ready') resolve(message);
        else if (message.kind === 'failed') reject(new OperatorError(message.reason));
        else if (message.kind === 'count' || message.kind === 'metrics') {
          // The metrics library talks to the workers in messages of its own, which are none of these.
          answer(worker, message, limiter, metrics);
        }
      });
      worker.once('exit', (code, signal) => {
        reject(new OperatorError(`a worker ended with ${signal ?? code} before it was ready`));
        slots.delete(slot);
        if (isStopping) return;
        logger.error({ slot, code, signal }, 'a worker ended; it is replaced');
        setTimeout(() => {
          if (!isStopping) start(slot).catch(() => undefined);
        }, replacementPauseMs);
      });
    });
  };
  const stop = async () => {
    isStopping = true;
    await Promise.all([...slots.values()].map(endWorker));
  };

  try {
    // The first one finds the address, where any free one is asked for; the others join it there.
    const { url, panelName } = await start(1);
    for (let slot = 2; slot <= count; slot += 1) await start(slot);
    return { url, panelName, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function answer(
  worker: Worker,
  message: Extract<WorkerMessage, { readonly id: number }>,
  limiter: MemoryRateLimiter,
  metrics: AggregatorRegistry<PrometheusContentType>,
): void {
  if (message.kind === 'count') {
    const now = Date.now();
    const states = message.hits.map(({ limit, who }) => limiter.count(limit, who, now));
    worker.send({ kind: 'counted', id: message.id, states });
    return;
  }
  metrics
    .clusterMetrics()
    .then((text) => worker.send({ kind: 'metrics', id: message.id, text }))
    // A worker that ended meanwhile wants no answer, and one without an answer asks again.
    .catch(() => undefined);
}

function endWorker(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    if (worker.isDead()) return resolve();
    worker.once('exit', () => resolve());
    worker.process.kill('SIGTERM');
  });
}
