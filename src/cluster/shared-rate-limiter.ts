import { countInGroups } from '../auth/grouped-hits.ts';
import { MemoryRateLimiter } from '../auth/memory-rate-limiter.ts';
import {
  type Hit,
  type RateLimit,
  type RateLimiter,
  type RateLimitResult,
  toResult,
  type WindowState,
} from '../auth/rate-limiter.ts';
import { Batcher } from '../database/batcher.ts';
import type { WorkerLink } from './worker-link.ts';

/** Counts in the primary, so that a limit is one for all workers; if that fails, in this process. */
export class SharedRateLimiter implements RateLimiter {
  readonly #counts: Batcher<Hit, WindowState>;
  readonly #fallback = new MemoryRateLimiter();

  constructor(link: WorkerLink) {
    this.#counts = new Batcher((hits) =>
      countInGroups(hits, (groups) =>
        link.count(groups).catch(() => groups.map((group) => this.#fallback.count(group))),
      ),
    );
  }

  async hit(limit: RateLimit, who: string): Promise<RateLimitResult> {
    return toResult(limit, await this.#counts.load({ limit, who }), Date.now());
  }

  close(): void {
    this.#fallback.close();
  }
}
