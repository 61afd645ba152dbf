/** The outcome of counting one request. */
export interface RateLimitResult {
  readonly allowed: boolean;
  /** Requests a window admits. */
  readonly limit: number;
  /** Requests left in this window. */
  readonly remaining: number;
  /** Seconds until the window ends. */
  readonly retryAfter: number;
  /** When the window ends, in Unix seconds. */
  readonly resetAt: number;
}

/** A fixed window: it opens with the first request counted, and admits so many. */
export interface RateLimit {
  /** Tells its counts from those of other limits. */
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
}

/** Counts requests. */
export interface RateLimiter {
  /** @param who Whose request it is: an account, an address. */
  hit(limit: RateLimit, who: string): Promise<RateLimitResult>;
}

/** Where a window stands after a request was counted: how many there were, and when it ends. */
export interface WindowState {
  /** This request included. */
  readonly count: number;
  /** Milliseconds from now. */
  readonly endsInMs: number;
}

/** What a window's state means for the request that was just counted. @param now Unix milliseconds. */
export function toResult(
  { limit }: RateLimit,
  { count, endsInMs }: WindowState,
  now: number,
): RateLimitResult {
  return {
    allowed: count <= limit,
    limit,
    remaining: Math.max(0, limit - count),
    retryAfter: Math.max(0, Math.ceil(endsInMs / 1000)),
    resetAt: Math.ceil((now + endsInMs) / 1000),
  };
}

interface Window {
  count: number;
  readonly endsAt: number;
}

/** More windows than this are an attack on the memory; then the ones that opened first are forgotten. */
const mostWindows = 200_000;

/**
 * Counts in this process. Windows that have ended are swept as new ones open, so memory follows the number of
 * accounts seen within one window.
 */
export class MemoryRateLimiter implements RateLimiter {
  /** By limit, in the order they opened, which for one limit is the order they end. */
  readonly #windows = new Map<string, Map<string, Window>>();

  async hit(limit: RateLimit, who: string): Promise<RateLimitResult> {
    const now = Date.now();
    return toResult(limit, this.count(limit, who, now), now);
  }

  /** Counts a request. @param now Unix milliseconds. */
  count({ name, windowMs }: RateLimit, who: string, now: number): WindowState {
    const windows = this.#windows.get(name) ?? new Map<string, Window>();
    this.#windows.set(name, windows);
    sweep(windows, now);
    const window = windows.get(who) ?? { count: 0, endsAt: now + windowMs };
    window.count += 1;
    windows.set(who, window);
    return { count: window.count, endsInMs: window.endsAt - now };
  }
}

function sweep(windows: Map<string, Window>, now: number): void {
  for (const [who, { endsAt }] of windows) {
    if (endsAt > now && windows.size <= mostWindows) return;
    windows.delete(who);
  }
}
