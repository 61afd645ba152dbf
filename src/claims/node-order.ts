import { countOn } from '../allocations/kept-counts.ts';
import { countHeldPorts, countPortsOf } from '../allocations/summaries.ts';
import type { Services } from '../services.ts';
import type { Preference } from './claim-wish.ts';
import { shuffled } from './shuffled.ts';

/** Nodes in the order in which a claim tries them. @param nodeIds In order of id. */
export async function inOrder(
  services: Services,
  nodeIds: readonly number[],
  prefer: Preference,
): Promise<readonly number[]> {
  if (prefer === 'lowest' || nodeIds.length < 2) return nodeIds;
  if (prefer === 'random') return shuffled(nodeIds);
  const shares = await takenShares(services, nodeIds);
  const shareOf = (nodeId: number) => shares.get(nodeId) ?? 1;
  const sign = prefer === 'least-used' ? 1 : -1;
  return nodeIds.toSorted((a, b) => sign * (shareOf(a) - shareOf(b)) || a - b);
}

/**
 * The share of ports taken, from 0 to 1, by node; a node without ports has none. Where counting them all is
 * slow, the ports of servers may be a few seconds old; those of claims never are, so that many claims at the
 * same time spread.
 */
async function takenShares(
  services: Services,
  nodeIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const [counts, held] = await Promise.all([
    countOn(services, nodeIds, 'all', 'shares', () => countPortsOf(services, nodeIds)),
    countHeldPorts(services, nodeIds),
  ]);
  const shares = [...counts].map(
    ([nodeId, { total, used }]) => [nodeId, (used + (held.get(nodeId) ?? 0)) / total] as const,
  );
  return new Map(shares);
}
