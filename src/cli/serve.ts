import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import { MemoryRateLimiter, type RateLimiter } from '../auth/rate-limiter.ts';
import { RedisRateLimiter } from '../auth/redis-rate-limiter.ts';
import { startWorkers, workerSlotVariable } from '../cluster/primary.ts';
import { SharedRateLimiter, WorkerLink } from '../cluster/worker-link.ts';
import { describeDatabase } from '../database/open.ts';
import { parseListenAddress } from '../http/listen-address.ts';
import { createLogger, type Logger } from '../logging.ts';
import { OperatorError } from '../operator-error.ts';
import { readCachedConfig } from '../panel/env/cached-config.ts';
import { cachedConfigDifferences } from '../panel/env/cached-config-differences.ts';
import { type Context, loadContext, type PanelOptions } from './panel-context.ts';
import { alone, type Place, startService, stopOnSignal } from './running-service.ts';

/** Options of `serve`. */
export interface ServeOptions extends PanelOptions {
  readonly listen?: string;
  readonly workers?: number | 'auto';
}

/** Runs the service until a signal asks it to stop. */
export async function serve(options: ServeOptions): Promise<void> {
  const context = loadContext(options);
  const logger = createLogger(context.settings.server.log_level);
  if (cluster.isWorker) return serveAsWorker(options, context, logger);
  warnOfCachedConfig(context, (text) => logger.warn(text));
  const workers = workerCount(options.workers ?? context.settings.server.workers);
  const starting =
    workers === 1
      ? startService(
          context,
          logger,
          [addressOf(options, context)],
          alone(await rateLimiterOf(context, logger)),
        )
      : startWorkers(workers, logger);
  stopOnSignal(starting, logger);
  const { url, panelName } = await starting;
  logger.info(
    {
      ...{ url, panel: panelName, database: describeDatabase(context.env.database) },
      ...{ workers, config: options.config ?? null },
    },
    `panel-sidecar listens on ${url} beside ${panelName}`,
  );
}

function workerCount(wanted: number | 'auto'): number {
  return wanted === 'auto' ? availableParallelism() : wanted;
}

function addressOf(options: ServeOptions, { settings }: Context) {
  return parseListenAddress(options.listen ?? settings.server.listen);
}

/** Counts in the panel's Redis where there is one and the operator lets it, else in this process. */
async function rateLimiterOf(
  { env, settings }: Context,
  logger: Logger,
  otherwise: RateLimiter = new MemoryRateLimiter(),
): Promise<RateLimiter> {
  if (env.redis === null || !settings.server.shared_limits) return otherwise;
  const limiter = new RedisRateLimiter(env.redis, otherwise, logger);
  await limiter.settle();
  return limiter;
}

/** One of several processes: it tells the primary how it fares, and shares limits and metrics with the others. */
async function serveAsWorker(options: ServeOptions, context: Context, logger: Logger): Promise<void> {
  const link = new WorkerLink();
  try {
    const place: Place = {
      rateLimiter: await rateLimiterOf(context, logger, new SharedRateLimiter(link)),
      allMetrics: () => link.metrics(),
      onMetrics: (registry) => link.offerMetrics(registry),
      keepsHouse: process.env[workerSlotVariable] === '1',
    };
    const starting = startService(context, logger, [addressOf(options, context)], place).then(
      ({ stop, ...running }) => ({ ...running, stop: () => stop().then(leavePrimary) }),
    );
    // A worker whose primary is gone has nobody to replace or stop it.
    stopOnSignal(starting, logger, ['SIGTERM', 'SIGINT', 'disconnect']);
    const { url, panelName } = await starting;
    link.tell({ kind: 'ready', url, panelName });
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    link.tell({ kind: 'failed', reason: error.message });
    process.exitCode = 1;
    leavePrimary();
  }
}

/** Hangs up, as the line alone would keep the process alive. */
function leavePrimary(): void {
  if (process.connected) process.disconnect?.();
}

function warnOfCachedConfig({ env }: Context, warn: (text: string) => void): void {
  const cached = readCachedConfig(env.folder);
  if (cached === null) return;
  for (const difference of cachedConfigDifferences(cached, env)) warn(difference);
}
