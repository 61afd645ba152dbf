import type { NodeSelection } from '../allocations/select-nodes.ts';
import type { PortWish } from './port-wish.ts';

/** In which order nodes are tried. */
export type Preference = 'least-used' | 'most-used' | 'random' | 'lowest';

/** What a caller asks for, after clean-up; checked against `claimSchema` before. */
export interface ClaimInput {
  readonly node_ids?: readonly number[];
  readonly location_ids?: readonly number[];
  readonly memory?: number;
  readonly disk?: number;
  readonly count: number;
  readonly consecutive?: boolean;
  readonly same_ip?: boolean;
  /** `from-to`, or one port; null as where it is absent. */
  readonly port_range?: string | null;
  readonly ip?: string | null;
  readonly prefer?: Preference;
  readonly ttl_seconds?: number;
  readonly reference?: string;
}

/** What a caller wants held. */
export interface ClaimWish extends PortWish {
  readonly nodes: NodeSelection;
  readonly prefer: Preference;
  readonly ttlSeconds: number;
  readonly reference: string | null;
  /** As it was asked, to be kept. */
  readonly input: ClaimInput;
}
