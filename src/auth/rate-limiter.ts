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

/** Counts requests per account. */
export interface RateLimiter {
  hit(account: string, now: Date): Promise<RateLimitResult>;
}

interface Window {
  count: number;
  endsAt: number;
}

/**
 * The panel's fixed window, counted in this process: it opens with an account's first request and lets
 * `limit` requests pass. Windows that have ended are swept as new ones open, so memory follows the number of
 * accounts seen within one window.
 */
export class MemoryRateLimiter implements RateLimiter {
  readonly #limit: number;
  readonly #windowMs: number;
  /** In the order they opened, which is the order they end. */
  readonly #windows = new Map<string, Window>();

  constructor(limit: number, periodMinutes: number) {
    this.#limit = limit;
    this.#windowMs = periodMinutes * 60_000;
  }

  async hit(account: string, now: Date): Promise<RateLimitResult> {
    const time = now.getTime();
    this.#sweep(time);
    const window = this.#windows.get(account) ?? this.#open(account, time);
    const allowed = window.count < this.#limit;
    if (allowed) window.count += 1;
    return {
      allowed,
      limit: this.#limit,
      remaining: Math.max(0, this.#limit - window.count),
      retryAfter: Math.max(0, Math.ceil((window.endsAt - time) / 1000)),
      resetAt: Math.ceil(window.endsAt / 1000),
    };
  }

  #open(account: string, time: number): Window {
    const window = { count: 0, endsAt: time + this.#windowMs };
    this.#windows.set(account, window);
    return window;
  }

  #sweep(time: number): void {
    for (const [account, window] of this.#windows) {
      if (window.endsAt > time) return;
      this.#windows.delete(account);
    }
  }
}
