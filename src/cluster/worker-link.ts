import { AggregatorRegistry, type Registry } from 'prom-client';
import {
  MemoryRateLimiter,
  type RateLimit,
  type RateLimiter,
  type RateLimitResult,
  toResult,
  type WindowState,
} from '../auth/rate-limiter.ts';
import { Batcher } from '../database/batcher.ts';
import type { CountedHit, PrimaryMessage, WorkerMessage } from './messages.ts';

/** Longest wait for the primary, in milliseconds. */
const timeoutMs = 1000;

type Answer = Extract<PrimaryMessage, { readonly id: number }>;

/** A worker's line to the primary. */
export class WorkerLink {
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  constructor() {
    process.on('message', (message: PrimaryMessage) => {
      const settle = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      settle?.(message);
    });
  }

  /** Lets the primary collect this worker's metrics. */
  offerMetrics(registry: Registry): void {
    AggregatorRegistry.setRegistries(registry);
    // Making one answers the primary's requests.
    new AggregatorRegistry();
  }

  /** Tells the primary something that has no answer. */
  tell(message: WorkerMessage): void {
    process.send?.(message);
  }

  /** Counts requests in the windows that all workers share. @throws Where the primary does not answer. */
  async count(hits: readonly CountedHit[]): Promise<readonly WindowState[]> {
    const answer = await this.#ask((id) => ({ kind: 'count', id, hits }));
    if (answer.kind !== 'counted') throw new Error('the primary gave another answer');
    return answer.states;
  }

  /** The metrics of all workers together. @throws Where the primary does not answer. */
  async metrics(): Promise<string> {
    const answer = await this.#ask((id) => ({ kind: 'metrics', id }));
    if (answer.kind !== 'metrics') throw new Error('the primary gave another answer');
    return answer.text;
  }

  #ask(message: (id: number) => WorkerMessage): Promise<Answer> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error('the primary does not answer'));
      }, timeoutMs);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      process.send?.(message(id));
    });
  }
}

/** Counts in the primary, so that a limit is one for all workers; if that fails, in this process. */
export class SharedRateLimiter implements RateLimiter {
  readonly #counts: Batcher<CountedHit, WindowState>;
  readonly #fallback = new MemoryRateLimiter();

  constructor(link: WorkerLink) {
    this.#counts = new Batcher((hits) => link.count(hits));
  }

  async hit(limit: RateLimit, who: string): Promise<RateLimitResult> {
    try {
      return toResult(limit, await this.#counts.load({ limit, who }), Date.now());
    } catch {
      return this.#fallback.hit(limit, who);
    }
  }
}
