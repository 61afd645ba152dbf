import { mostLookedAt, type PortBudget } from '../allocations/runs.ts';
import { type SelectedNodes, selectNodes } from '../allocations/select-nodes.ts';
import { type ApiError, conflict } from '../api-error.ts';
import type { Actor } from '../audit/activity.ts';
import type { Queries } from '../database/database.ts';
import type { Services } from '../services.ts';
import type { ClaimWish } from './claim-wish.ts';
import { type Companions, type Holder, holdPorts, type MadeClaim, type Refusal } from './hold-ports.ts';
import { inOrder } from './node-order.ts';
import { pickAgain, pickPorts } from './pick-ports.ts';

/** How often ports are looked for on a node again, where others took the ones that were found. */
const attemptsPerNode = 12;
/** Most nodes that one claim is tried on. */
const mostNodes = 200;
const unfinished = `Only the first ${mostLookedAt} free ports were looked at: name a node, an address or a range.`;
/** From this attempt on, those who look on the node take turns. */
const firstAttemptAlone = 4;

/**
 * Picks ports and holds them for the caller.
 *
 * @param userId Whose claim it is: the owner of the credential.
 * @param companions What must happen in the same transaction.
 * @throws ApiError 409 where nothing fits, 429 where the caller holds too many.
 */
export async function makeClaim(
  services: Services,
  actor: Actor,
  userId: number,
  wish: ClaimWish,
  companions: Companions = {},
): Promise<MadeClaim> {
  const refusals: Refusal[] = [];
  const budget = { left: mostLookedAt };
  for (const nodeId of await candidates(services, wish)) {
    const made = await claimOn(services, { actor, userId, wish, companions }, nodeId, budget);
    if (typeof made !== 'string') return made;
    refusals.push(made);
    if (budget.left <= 0) throw nothingFree(`${describeShortage(wish)} ${unfinished}`);
  }
  const isFull = refusals.every((refusal) => refusal === 'full');
  throw nothingFree(isFull ? describeNoRoom(wish) : describeShortage(wish));
}

/** The nodes to try, in order. Without any named, those that the panel would deploy to. */
async function candidates(services: Services, wish: ClaimWish): Promise<readonly number[]> {
  const isAnywhere = wish.nodes.nodeIds === null;
  const isOpen = (node: SelectedNodes['all'][number]) =>
    !isAnywhere || (node.isPublic && !node.isInMaintenance);
  const { all, withRoom } = await selectNodes(services, wish.nodes, wish.replacing);
  if (!all.some(isOpen)) throw nothingFree('No node matches.');
  const open = withRoom.filter(isOpen).map(({ id }) => id);
  if (open.length === 0) throw nothingFree(describeNoRoom(wish));
  return mostPromising(services, await inOrder(services, open, wish.prefer));
}

/** Of very many nodes, those that are known to be full come last. */
async function mostPromising(services: Services, nodeIds: readonly number[]): Promise<readonly number[]> {
  if (nodeIds.length <= mostNodes) return nodeIds;
  const counts = await services.portCounts.latest(nodeIds);
  const full = new Set(nodeIds.filter((_, index) => counts[index]?.used === counts[index]?.total));
  return [...nodeIds.filter((id) => !full.has(id)), ...full].slice(0, mostNodes);
}

/** A claim of ports of this node, or why there is none. */
async function claimOn(
  services: Services,
  holder: Holder,
  nodeId: number,
  budget: PortBudget,
): Promise<MadeClaim | Refusal> {
  const { wish } = holder;
  // All who want the lowest ports want the same ones.
  const aloneFrom = wish.isLowest ? 1 : firstAttemptAlone;
  for (let attempt = 0; attempt < attemptsPerNode; attempt += 1) {
    const picked = await pickPorts(services, services.database.queries, nodeId, wish, budget);
    if (picked === null) return 'none';
    const isAlone = attempt >= aloneFrom;
    const choose = async (queries: Queries) =>
      isAlone ? pickAgain(services, queries, nodeId, wish, picked) : picked.ids;
    const made = await holdPorts(services, holder, nodeId, choose, isAlone);
    if (made !== 'taken') return made;
  }
  return 'taken';
}

function nothingFree(detail: string): ApiError {
  return conflict(detail, 'no_free_allocation');
}

function describeNoRoom({ nodes: { memory, disk } }: ClaimWish): string {
  return `No matching node has room for ${memory} MiB of memory and ${disk} MiB of disk.`;
}

function describeShortage({ count, isConsecutive, isSameIp, ports, ip }: ClaimWish): string {
  const kind = isConsecutive && count > 1 ? 'neighbouring free' : 'free';
  const what = count === 1 ? '1 free port' : `${count} ${kind} ports`;
  const where = ip !== null ? ` on ${ip}` : isSameIp && !isConsecutive ? ' on one address' : '';
  const range = ports === null ? '' : ` from ${ports.from} to ${ports.to}`;
  return `No matching node has ${what}${where}${range}.`;
}
