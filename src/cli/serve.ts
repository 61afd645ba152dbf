import { availableParallelism } from 'node:os';
import { MemoryRateLimiter } from '../auth/memory-rate-limiter.ts';
import { startWorkers } from '../cluster/primary.ts';
import { workerNumber } from '../cluster/worker-link.ts';
import { describeDatabase } from '../database/open.ts';
import { parseListenAddress } from '../http/listen-address.ts';
import { createLogger } from '../logging.ts';
import { readCachedConfig } from '../panel/env/cached-config.ts';
import { cachedConfigDifferences } from '../panel/env/cached-config-differences.ts';
import { type Context, loadContext, type PanelOptions } from './panel-context.ts';
import { createRateLimiter } from './rate-limits.ts';
import { alone, startService, stopOnSignal } from './running-service.ts';
import { serveAsWorker } from './serve-worker.ts';

/** Options of `serve`. */
export interface ServeOptions extends PanelOptions {
  readonly listen?: string;
  readonly workers?: number | 'auto';
}

/** Runs the service until a signal asks it to stop. */
export async function serve(options: ServeOptions): Promise<void> {
  const context = loadContext(options);
  const { env, settings } = context;
  const address = parseListenAddress(options.listen ?? settings.server.listen);
  const logger = createLogger(settings.server.log_level);
  const number = workerNumber();
  if (number !== null) return serveAsWorker(context, logger.child({ worker: number }), address, number);

  warnOfCachedConfig(context, (text) => logger.warn(text));
  const workers = toCount(options.workers ?? settings.server.workers);
  const starting =
    workers === 1
      ? createRateLimiter(env, logger, new MemoryRateLimiter()).then((rateLimiter) =>
          startService(context, logger, [address], alone(rateLimiter)),
        )
      : startWorkers(workers, logger);
  stopOnSignal(starting, logger);
  const { url, panelName } = await starting;
  logger.info(
    {
      ...{ url, panel: panelName, database: describeDatabase(env.database) },
      ...{ workers, config: options.config ?? null },
    },
    `panel-sidecar listens on ${url} beside ${panelName}`,
  );
}

function toCount(workers: number | 'auto'): number {
  return workers === 'auto' ? availableParallelism() : workers;
}

function warnOfCachedConfig({ env }: Context, warn: (text: string) => void): void {
  const cached = readCachedConfig(env.folder);
  if (cached === null) return;
  for (const difference of cachedConfigDifferences(cached, env)) warn(difference);
}
