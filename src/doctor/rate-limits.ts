import { MemoryRateLimiter } from '../auth/memory-rate-limiter.ts';
import { createLogger } from '../logging.ts';
import { type Check, ok, warn } from './check.ts';

/** Where requests are counted: together with other replicas of the service, or by each for itself. */
export const checkRateLimits: Check = {
  name: 'rate limits',
  run: async ({ env }) => {
    const { redis } = env.get();
    if (redis === null) return ok('each replica counts for itself: the panel keeps nothing in Redis');
    const { RedisRateLimiter } = await import('../auth/redis-rate-limiter.ts');
    const silent = createLogger('silent', process.stderr);
    const limiter = new RedisRateLimiter(redis, new MemoryRateLimiter(), silent);
    try {
      await limiter.start();
      const where = redis.path ?? `${redis.host}:${redis.port}`;
      const { awayBecause } = limiter;
      if (awayBecause === null) return ok(`all replicas count together, in the panel's Redis at ${where}`);
      return warn(
        `each replica counts for itself: the panel's Redis at ${where} fails with "${awayBecause}"`,
        'see that REDIS_HOST, REDIS_PORT and REDIS_PASSWORD are right as seen from this machine',
      );
    } finally {
      limiter.close();
    }
  },
};
