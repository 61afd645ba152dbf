import type { Hits } from '../auth/grouped-hits.ts';
import type { WindowState } from '../auth/rate-limiter.ts';

/** What a worker tells the primary, or asks of it. */
export type WorkerMessage =
  | { readonly kind: 'count'; readonly id: number; readonly hits: readonly Hits[] }
  | { readonly kind: 'metrics'; readonly id: number }
  | { readonly kind: 'ready'; readonly url: string; readonly panelName: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** What the primary answers. `id` is the question's. */
export type PrimaryMessage =
  | { readonly kind: 'counted'; readonly id: number; readonly states: readonly WindowState[] }
  | { readonly kind: 'metrics'; readonly id: number; readonly text: string };
