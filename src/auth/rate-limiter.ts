/** What a counted request is told about its account's window. */
export interface RateLimitResult {
  readonly allowed: boolean;
  /** Requests a window admits. */
  readonly limit: number;
  /** Requests left in this window. */
  readonly remaining: number;
  /** Seconds until the window ends. */
  readonly retryAfter: number;
  /** Unix time in seconds at which the window ends. */
  readonly resetAt: number;
}

/** A fixed window: it opens with the first request counted, and admits so many. */
export interface RateLimit {
  /** Tells its counts from those of other limits. */
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
}

/** A request to be counted. */
export interface Hit {
  readonly limit: RateLimit;
  /** Whose request it is: an account, an address. */
  readonly who: string;
}

/** Counts requests. */
export interface RateLimiter {
  /**
   * @param who Whose request it is: an account, an address.
   * @returns at once where the counts are in this process, which spares most requests a wait.
   */
  hit(limit: RateLimit, who: string): RateLimitResult | Promise<RateLimitResult>;
  /** Lets go of what it holds open. */
  close(): void;
}

/** Where a window stands after a request was counted. */
export interface WindowState {
  /** How many requests it has had, this one included. */
  readonly count: number;
  /** When it ends, in milliseconds from now. */
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
