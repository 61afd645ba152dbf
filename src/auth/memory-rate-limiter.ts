import type { Hits } from './grouped-hits.ts';
import {
  type RateLimit,
  type RateLimiter,
  type RateLimitResult,
  toResult,
  type WindowState,
} from './rate-limiter.ts';

interface Window {
  count: number;
  readonly endsAt: number;
}

/** More windows of one limit than this are an attack on the memory; then the oldest are forgotten. */
const mostWindows = 200_000;

/**
 * Counts in this process. Windows that have ended are swept as new ones open, so memory follows the number of
 * accounts seen within one window.
 */
export class MemoryRateLimiter implements RateLimiter {
  readonly #now: () => number;
  /** By the limit's name, in the order they opened, which for one limit is the order they end. */
  readonly #windows = new Map<string, Map<string, Window>>();

  /** @param now The clock, in milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  hit(limit: RateLimit, who: string): RateLimitResult {
    return toResult(limit, this.count({ limit, who, times: 1 }), this.#now());
  }

  /** Counts requests, and tells where their window stands after them. */
  count({ limit: { name, windowMs }, who, times }: Hits): WindowState {
    const now = this.#now();
    const windows = this.#windows.get(name) ?? new Map<string, Window>();
    this.#windows.set(name, windows);
    sweep(windows, now);
    const window = windows.get(who) ?? { count: 0, endsAt: now + windowMs };
    window.count += times;
    windows.set(who, window);
    return { count: window.count, endsInMs: window.endsAt - now };
  }

  close(): void {
    this.#windows.clear();
  }
}

function sweep(windows: Map<string, Window>, now: number): void {
  for (const [who, { endsAt }] of windows) {
    if (endsAt > now && windows.size <= mostWindows) return;
    windows.delete(who);
  }
}
