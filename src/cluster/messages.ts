import type { RateLimit, WindowState } from '../auth/rate-limiter.ts';

/** A request to be counted. */
export interface CountedHit {
  readonly limit: RateLimit;
  readonly who: string;
}

/** What a worker asks of the primary. */
export type WorkerMessage =
  | { readonly kind: 'count'; readonly id: number; readonly hits: readonly CountedHit[] }
  | { readonly kind: 'metrics'; readonly id: number }
  | { readonly kind: 'ready'; readonly url: string; readonly panelName: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** What the primary answers. */
export type PrimaryMessage =
  | { readonly kind: 'counted'; readonly id: number; readonly states: readonly WindowState[] }
  | { readonly kind: 'metrics'; readonly id: number; readonly text: string };
