import { unavailable } from '../api-error.ts';
import { SharedRateLimiter } from '../cluster/shared-rate-limiter.ts';
import { WorkerLink } from '../cluster/worker-link.ts';
import type { ListenAddress } from '../http/listen-address.ts';
import type { Logger } from '../logging.ts';
import { offerToPrimary } from '../metrics.ts';
import { OperatorError } from '../operator-error.ts';
import type { Context } from './panel-context.ts';
import { createRateLimiter } from './rate-limits.ts';
import { type Place, startService, stopOnSignal } from './running-service.ts';

/**
 * Serves as one of several processes: it tells the primary how it fares, and shares limits and metrics with the
 * others.
 *
 * @param number Which of them it is, from 1.
 */
export async function serveAsWorker(
  context: Context,
  logger: Logger,
  address: ListenAddress,
  number: number,
): Promise<void> {
  const link = new WorkerLink();
  try {
    const place: Place = {
      rateLimiter: await createRateLimiter(context.env, logger, new SharedRateLimiter(link)),
      collectMetrics: () =>
        link.metrics().catch(() => {
          throw unavailable('A worker does not answer, please try again.');
        }),
      isFirst: number === 1,
    };
    const starting = startService(context, logger, [address], place).then((service) => ({
      ...service,
      stop: async () => {
        await service.stop();
        link.close();
      },
    }));
    // A worker whose primary is gone has nobody to stop or replace it.
    stopOnSignal(starting, logger, ['SIGTERM', 'SIGINT', 'disconnect']);
    const { url, panelName, registry } = await starting;
    offerToPrimary(registry);
    link.tell({ kind: 'ready', url, panelName });
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    link.tell({ kind: 'failed', reason: error.message });
    process.exitCode = 1;
    link.close();
  }
}
