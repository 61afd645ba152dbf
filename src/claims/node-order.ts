import { countHeldPorts } from '../allocations/summaries.ts';
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
 * The share of ports taken, from 0 to 1, by node; 1 for a node without ports. Where counting them all is
 * slow, the ports of servers are those last known; those of claims never are, so that many claims at the same
 * time spread.
 */
async function takenShares(
  services: Services,
  nodeIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const [counts, held] = await Promise.all([
    services.portCounts.latest(nodeIds),
    countHeldPorts(services, services.database.queries, nodeIds),
  ]);
  const shares = nodeIds.map((nodeId, index) => {
    const { total, used } = counts[index] ?? { total: 0, used: 0 };
    return [nodeId, total === 0 ? 1 : (used + (held.get(nodeId) ?? 0)) / total] as const;
  });
  return new Map(shares);
}
