import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Batcher } from '../database/batcher.ts';
import type { Logger } from '../logging.ts';
import { firstLine } from '../operator-error.ts';
import type { RedisSettings } from '../panel/env/redis-settings.ts';
import { countInGroups, type Hits } from './grouped-hits.ts';
import {
  type Hit,
  type RateLimit,
  type RateLimiter,
  type RateLimitResult,
  toResult,
  type WindowState,
} from './rate-limiter.ts';

/** Longest wait for Redis, in milliseconds: a limit is not worth more. */
const timeoutMs = 250;
/** Pause between tries whether it is back, in milliseconds. */
const restMs = 1000;
/** A connection on which nothing comes back for so long is given up for a new one, in milliseconds. */
const silenceMs = 5000;
/** The panel's own counters are neither read nor written. */
const keyPrefix = 'panel-sidecar:';

// In one step, so that no window is left without an end, whatever happens in between.
const countScript = `
local count = redis.call('INCRBY', KEYS[1], ARGV[2])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {count, left}`;

/** Counted to find out whether Redis counts. */
const probe: Hits = { limit: { name: 'probe', limit: 1, windowMs: restMs }, who: 'any', times: 1 };

/**
 * Counts in the panel's Redis, so that all replicas share their windows. While Redis is away, requests do not
 * wait for it but are counted by another limiter: a limit that is too generous for a while is better than no
 * service.
 */
export class RedisRateLimiter implements RateLimiter {
  readonly #redis: Redis;
  readonly #fallback: RateLimiter;
  readonly #logger: Logger;
  /** Null for a hit that Redis did not count. */
  readonly #counts: Batcher<Hit, WindowState | null>;
  #awayBecause: string | null = null;
  readonly #closing = new AbortController();

  /** @param fallback Counts while Redis is away; closed with this one. */
  constructor(settings: RedisSettings, fallback: RateLimiter, logger: Logger) {
    this.#fallback = fallback;
    this.#logger = logger;
    this.#redis = connect(settings);
    // Failures are told where they matter; without a listener they would end the process.
    this.#redis.on('error', () => undefined);
    this.#counts = new Batcher((hits) => this.#countTogether(hits));
  }

  /** Resolves once it is known whether Redis counts; not later than the time-out allows. */
  async start(): Promise<void> {
    const connected = this.#redis.connect().catch(() => undefined);
    await Promise.race([connected, delay(timeoutMs, undefined, { ref: false })]);
    await this.#counts.load(probe);
  }

  /** Why Redis does not count, in the words of whoever found out; null while it does, as far as is known. */
  get awayBecause(): string | null {
    return this.#awayBecause;
  }

  async hit(limit: RateLimit, who: string): Promise<RateLimitResult> {
    const state = this.#awayBecause !== null ? null : await this.#counts.load({ limit, who });
    return state === null ? this.#fallback.hit(limit, who) : toResult(limit, state, Date.now());
  }

  close(): void {
    this.#closing.abort();
    this.#redis.disconnect();
    this.#fallback.close();
  }

  /** Never rejects: who waits behind a batch that failed would be failed with it. */
  async #countTogether(hits: readonly Hit[]): Promise<readonly (WindowState | null)[]> {
    // Those that were already waiting when Redis went away.
    if (this.#awayBecause !== null) return hits.map(() => null);
    try {
      return await countInGroups(hits, (groups) => this.#count(groups));
    } catch (error) {
      this.#leave(error);
      return hits.map(() => null);
    }
  }

  async #count(groups: readonly Hits[]): Promise<readonly WindowState[]> {
    const pipeline = this.#redis.pipeline();
    for (const { limit, who, times } of groups) {
      pipeline.eval(countScript, 1, `${keyPrefix}${limit.name}:${who}`, limit.windowMs, times);
    }
    const answers = (await pipeline.exec()) ?? [];
    return answers.map(([error, answer]) => {
      if (error) throw error;
      const [count, endsInMs] = answer as [number, number];
      return { count, endsInMs };
    });
  }

  /** Goes on without Redis until it counts again; both are said once. */
  #leave(error: unknown): void {
    if (this.#awayBecause !== null || this.#closing.signal.aborted) return;
    this.#awayBecause = firstLine(error);
    this.#logger.warn(
      { reason: this.#awayBecause },
      'Redis does not answer: rate limits are not shared for now',
    );
    void this.#awaitReturn();
  }

  async #awaitReturn(): Promise<void> {
    const { signal } = this.#closing;
    while (this.#awayBecause !== null && !signal.aborted) {
      await delay(restMs, undefined, { signal, ref: false }).catch(() => undefined);
      await this.#count([probe]).then(
        () => {
          this.#awayBecause = null;
        },
        () => undefined,
      );
    }
    if (!signal.aborted) this.#logger.info('Redis answers again: rate limits are shared');
  }
}

function connect({ host, port, path, username, password, database, tls }: RedisSettings): Redis {
  const options = {
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    db: database,
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    socketTimeout: silenceMs,
    // What can't be sent now is not worth sending later.
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: () => restMs,
  };
  return path === null ? new Redis(port, host, options) : new Redis(path, options);
}
