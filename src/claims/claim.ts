import { type AllocationResource, type PortRow, toAllocation } from '../allocations/allocation.ts';
import type { PanelClock } from '../panel/clock.ts';
import type { ClaimInput } from './claim-wish.ts';

/** How a claim stands. */
export type ClaimStatus = 'held' | 'used' | 'released' | 'expired' | 'lost';

/** A claim with its ports, as read. */
export interface Claim {
  readonly id: string;
  readonly userId: number;
  readonly nodeId: number;
  readonly reference: string | null;
  /** MiB that count as used while the claim is held. */
  readonly memory: number;
  readonly disk: number;
  /** Unix milliseconds by the database's clock. */
  readonly createdAt: number;
  /** Since when its ports are held: longer than it exists where it replaced a claim of some of them. */
  readonly heldSince: number;
  readonly expiresAt: number;
  /** What was asked for. */
  readonly wish: ClaimInput;
  /** How it was found to have ended, if it was. */
  readonly outcome: 'used' | 'released' | 'expired' | null;
  /** Row ids of its ports, in order. */
  readonly portIds: readonly number[];
  /** Those of its ports that are there still, in the same order. */
  readonly ports: readonly PortRow[];
}

/** How a claim stands. @param now Unix milliseconds by the database's clock. */
export function statusOf(claim: Claim, now: number): ClaimStatus {
  if (claim.outcome !== null) return claim.outcome;
  if (isUsed(claim)) return 'used';
  if (claim.expiresAt <= now) return 'expired';
  return isLost(claim) ? 'lost' : 'held';
}

/** All ports belong to one server: what the claim was for has happened. */
function isUsed({ portIds, ports }: Claim): boolean {
  const servers = new Set(ports.map((port) => port.server_id));
  return ports.length === portIds.length && servers.size === 1 && !servers.has(null);
}

/** A port is gone, or the panel gave it to someone. */
function isLost({ portIds, ports }: Claim): boolean {
  return ports.length < portIds.length || ports.some((port) => port.server_id !== null);
}

/** A claim as answers show it. */
export interface ClaimResource {
  readonly object: 'allocation_claim';
  readonly attributes: {
    readonly id: string;
    readonly node_id: number;
    readonly status: ClaimStatus;
    readonly reference: string | null;
    readonly expires_at: string;
    readonly created_at: string;
    readonly relationships: {
      readonly allocations: { readonly object: 'list'; readonly data: readonly AllocationResource[] };
    };
  };
}

/** Shows a claim, times in the panel's zone. */
export function toClaim(claim: Claim, now: number, clock: PanelClock): ClaimResource {
  return {
    object: 'allocation_claim',
    attributes: {
      id: claim.id,
      node_id: claim.nodeId,
      status: statusOf(claim, now),
      reference: claim.reference,
      expires_at: clock.format(new Date(claim.expiresAt)),
      created_at: clock.format(new Date(claim.createdAt)),
      relationships: {
        allocations: { object: 'list', data: claim.ports.map((port) => toAllocation(port, null, clock)) },
      },
    },
  };
}
