import type { RateLimiter } from '../auth/rate-limiter.ts';
import type { Logger } from '../logging.ts';
import type { PanelEnv } from '../panel/env/panel-env.ts';

/** Counts in the panel's Redis where the panel uses one. @param otherwise Counts where it does not, or is away. */
export async function createRateLimiter(
  { redis }: PanelEnv,
  logger: Logger,
  otherwise: RateLimiter,
): Promise<RateLimiter> {
  if (redis === null) return otherwise;
  // Loaded only where it is needed, as it would take a good part of the start.
  const { RedisRateLimiter } = await import('../auth/redis-rate-limiter.ts');
  const limiter = new RedisRateLimiter(redis, otherwise, logger);
  await limiter.start();
  return limiter;
}
