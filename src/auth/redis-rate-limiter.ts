import { Redis } from 'ioredis';
import { Batcher } from '../database/batcher.ts';
import type { Logger } from '../logging.ts';
import type { RedisSettings } from '../panel/env/redis-settings.ts';
import { type RateLimit, type RateLimiter, type RateLimitResult, toResult } from './rate-limiter.ts';

/** Longest wait for Redis, in milliseconds: a limit is not worth more. */
const timeoutMs = 250;
/** Longest pause between attempts to reach it again, in milliseconds. */
const longestPauseMs = 5000;
/** The panel's own counters are neither read nor written. */
const keyPrefix = 'panel-sidecar:';

// The window opens with its first request, in one step with the counting, so that no window is left without
// an end.
const countScript = `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('PTTL', KEYS[1])}`;

interface Hit {
  readonly limit: RateLimit;
  readonly who: string;
}

/**
 * Counts in the panel's Redis, so that all replicas share their windows. While Redis is away each process
 * counts for itself: a limit that is too generous for a while is better than no service.
 */
export class RedisRateLimiter implements RateLimiter {
  readonly #redis: Redis;
  readonly #fallback: RateLimiter;
  readonly #logger: Logger;
  readonly #counts: Batcher<Hit, readonly [count: number, endsInMs: number]>;
  #isAway = false;

  constructor(settings: RedisSettings, fallback: RateLimiter, logger: Logger) {
    this.#fallback = fallback;
    this.#logger = logger;
    this.#redis = connect(settings);
    // Failures are told where they matter; without a listener they would end the process.
    this.#redis.on('error', () => undefined);
    this.#counts = new Batcher((hits) => this.#count(hits));
  }

  async hit(limit: RateLimit, who: string): Promise<RateLimitResult> {
    try {
      const [count, endsInMs] = await this.#counts.load({ limit, who });
      this.#tell(false);
      return toResult(limit, { count, endsInMs }, Date.now());
    } catch (error) {
      this.#tell(true, error);
      return this.#fallback.hit(limit, who);
    }
  }

  /** Resolves once it is known whether Redis is there; not later than the time-out. */
  async settle(): Promise<void> {
    if (this.#redis.status === 'ready') return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      for (const event of ['ready', 'error', 'close']) {
        this.#redis.once(event, () => {
          clearTimeout(timer);
          resolve();
        });
      }
    });
  }

  /** Whether Redis answers now. */
  async isThere(): Promise<boolean> {
    await this.settle();
    return this.#redis.ping().then(
      () => true,
      () => false,
    );
  }

  /** Closes the connection. */
  close(): void {
    this.#redis.disconnect();
  }

  async #count(hits: readonly Hit[]): Promise<readonly (readonly [number, number])[]> {
    const pipeline = this.#redis.pipeline();
    for (const { limit, who } of hits) {
      pipeline.eval(countScript, 1, `${keyPrefix}${limit.name}:${who}`, limit.windowMs);
    }
    const answers = (await pipeline.exec()) ?? [];
    return answers.map(([error, answer]) => {
      if (error) throw error;
      const [count, endsInMs] = answer as [number, number];
      return [count, endsInMs];
    });
  }

  /** Says once that Redis went away, and once that it is back. */
  #tell(isAway: boolean, error?: unknown): void {
    if (isAway === this.#isAway) return;
    this.#isAway = isAway;
    if (isAway) this.#logger.warn({ err: error }, 'Redis does not answer: each process counts for itself');
    else this.#logger.info('Redis answers again: rate limits are shared');
  }
}

function connect(settings: RedisSettings): Redis {
  const { host, port, path, username, password, database, tls } = settings;
  const options = {
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    db: database,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
    // What can't be sent now is not worth sending later.
    enableOfflineQueue: false,
    retryStrategy: (attempt: number) => Math.min(longestPauseMs, 50 * 2 ** attempt),
  };
  return path === null ? new Redis(port, host, options) : new Redis(path, options);
}
