import { randomInt, randomUUID } from 'node:crypto';
import {
  type HeldCapacity,
  hasRoom,
  heldCapacities,
  type NodeSelection,
  selectNodes,
} from '../allocations/select-nodes.ts';
import { summarizeNodes } from '../allocations/summaries.ts';
import { ApiError, conflict } from '../api-error.ts';
import type { Actor } from '../audit/activity.ts';
import { claimChanged } from '../audit/activity.ts';
import type { Queries } from '../database/database.ts';
import { classifyFailure } from '../database/errors.ts';
import type { NodeCapacity } from '../panel/panel.ts';
import type { Services } from '../services.ts';
import type { Claim } from './claim.ts';
import type { ClaimInput } from './claim-input.ts';
import { countHeld, databaseNow, insertClaim, readClaim } from './claim-store.ts';
import { type PortWish, pickPorts } from './pick-ports.ts';

/** In which order nodes are tried. */
export type Preference = 'least-used' | 'most-used' | 'random' | 'lowest';

/** What a caller wants held. */
export interface ClaimWish extends Omit<PortWish, 'isLowest'> {
  readonly nodes: NodeSelection;
  readonly prefer: Preference;
  readonly ttlSeconds: number;
  readonly reference: string | null;
  /** As it was asked, to be kept. */
  readonly input: ClaimInput;
}

/** A claim just made, and the database's clock at that moment. */
export interface MadeClaim {
  readonly claim: Claim;
  readonly now: number;
}

/** What happens in the transaction that writes a claim: before anything is decided, and after all is written. */
export interface Companions {
  readonly before?: (queries: Queries) => Promise<void>;
  readonly after?: (queries: Queries, made: MadeClaim) => Promise<void>;
}

/** Ports looked for again where others took the ones that were found. */
const attemptsPerNode = 8;

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
  const nodes = await candidates(services, wish);
  if (nodes.length === 0) throw nothingFree('No node matches that has room.');
  for (const node of nodes) {
    for (let attempt = 0; attempt < attemptsPerNode; attempt += 1) {
      const portIds = await pickPorts(services, node.id, { ...wish, isLowest: wish.prefer === 'lowest' });
      if (portIds.length === 0) break;
      const made = await holdPorts(services, actor, userId, node, portIds, wish, companions);
      if (made === 'full') break;
      if (made !== 'taken') return made;
    }
  }
  throw nothingFree(describeShortage(wish));
}

/** The nodes to try, in order. Without any named, those that the panel would deploy to. */
async function candidates(
  services: Services,
  { nodes, prefer }: ClaimWish,
): Promise<readonly NodeCapacity[]> {
  const isAnywhere = nodes.nodeIds === null && nodes.locationIds === null;
  const found = await selectNodes(services, nodes);
  const open = isAnywhere ? found.filter((node) => node.isPublic && !node.isInMaintenance) : found;
  return open.length < 2 ? open : inOrder(services, open, prefer);
}

async function inOrder(
  services: Services,
  nodes: readonly NodeCapacity[],
  prefer: Preference,
): Promise<readonly NodeCapacity[]> {
  if (prefer === 'lowest') return nodes.toSorted((a, b) => a.id - b.id);
  if (prefer === 'random') return shuffled(nodes);
  const shares = await takenShares(services, nodes);
  const sign = prefer === 'least-used' ? 1 : -1;
  return nodes.toSorted((a, b) => sign * ((shares.get(a.id) ?? 1) - (shares.get(b.id) ?? 1)) || a.id - b.id);
}

/** The share of ports taken, from 0 to 1, by node. Where counting is slow it may be a few seconds old. */
async function takenShares(
  services: Services,
  nodes: readonly NodeCapacity[],
): Promise<ReadonlyMap<number, number>> {
  const shares = nodes.map(async ({ id }) => {
    const perMille = await services.portTotals.of(`taken of ${id}`, async () => {
      const [summary] = await summarizeNodes(services, [id]);
      const { total = 0, free = 0 } = summary ?? {};
      return total === 0 ? 1000 : ((total - free) * 1000) / total;
    });
    return [id, perMille / 1000] as const;
  });
  return new Map(await Promise.all(shares));
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  const shuffledItems = [...items];
  for (let last = shuffledItems.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [shuffledItems[last], shuffledItems[other]] = [shuffledItems[other] as Item, shuffledItems[last] as Item];
  }
  return shuffledItems;
}

/** Holds ports if they are free still: `taken` where they are not, `full` where the node has no more room. */
async function holdPorts(
  services: Services,
  actor: Actor,
  userId: number,
  node: NodeCapacity,
  portIds: readonly number[],
  wish: ClaimWish,
  companions: Companions,
): Promise<MadeClaim | 'taken' | 'full'> {
  const { database, activityLog, settings } = services;
  const { memory, disk } = wish.nodes;
  const id = randomUUID();
  try {
    return await database.transaction(async (queries) => {
      await database.lockUser(queries, userId);
      await companions.before?.(queries);
      const held = await countHeld(database, queries, userId);
      if (held + portIds.length > settings.claims.max_held) throw tooManyHeld(held, settings.claims.max_held);
      if (memory > 0 || disk > 0) {
        await database.lockNode(queries, node.id);
        const heldNow: HeldCapacity | undefined = (await heldCapacities(services, queries)).get(node.id);
        if (!hasRoom(node, wish.nodes, heldNow)) return 'full';
      }
      const now = await databaseNow(database, queries);
      const expiresAt = now + wish.ttlSeconds * 1000;
      const { reference } = wish;
      const row = {
        id,
        userId,
        nodeId: node.id,
        reference,
        memory,
        disk,
        createdAt: now,
        expiresAt,
        portIds,
        wish: wish.input,
      };
      await insertClaim(database, queries, row);
      const claim = await readClaim(queries, id);
      if (claim === null) throw new Error('a claim just written is not there');
      if (claim.ports.some((port) => port.server_id !== null) || claim.ports.length < portIds.length) {
        throw new PortsTaken('a port was taken while it was claimed');
      }
      const made = { claim, now };
      const properties = { ports: portIds.length, ...(reference === null ? {} : { reference }) };
      await activityLog.appendWithin(queries, claimChanged(actor, 'create', claim, properties));
      await companions.after?.(queries, made);
      return made;
    });
  } catch (error) {
    if (error instanceof PortsTaken || classifyFailure(error) === 'duplicate') return 'taken';
    throw error;
  }
}

/** The panel gave a port to a server between the pick and the hold; the transaction changes nothing. */
class PortsTaken extends Error {
  override name = 'PortsTaken';
}

function nothingFree(detail: string): ApiError {
  return conflict(detail, 'no_free_allocation');
}

function describeShortage({ count, isConsecutive, isSameIp, ports, ip }: ClaimWish): string {
  const what = isConsecutive && count > 1 ? `${count} neighbouring free ports` : `${count} free ports`;
  const where = ip !== null ? ` on ${ip}` : isSameIp && !isConsecutive ? ' on one address' : '';
  const range = ports === null ? '' : ` from ${ports.from} to ${ports.to}`;
  return `No matching node has ${what}${where}${range}.`;
}

function tooManyHeld(held: number, most: number): ApiError {
  const detail = `Your claims hold ${held} ports, and may hold ${most}: use or release some first.`;
  const entry = { code: 'claims_limit', status: '429', detail };
  return new ApiError(429, [entry], { 'retry-after': '60' });
}
