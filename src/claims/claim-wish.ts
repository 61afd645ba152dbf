import type { NodeSelection } from '../allocations/select-nodes.ts';
import type { ClaimInput } from './claim-input.ts';
import type { PortWish } from './port-wish.ts';

/** In which order nodes are tried. */
export type Preference = 'least-used' | 'most-used' | 'random' | 'lowest';

/** What a caller wants held. */
export interface ClaimWish extends PortWish {
  readonly nodes: NodeSelection;
  readonly prefer: Preference;
  readonly ttlSeconds: number;
  readonly reference: string | null;
  /** As it was asked, to be kept. */
  readonly input: ClaimInput;
}
