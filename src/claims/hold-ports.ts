import { randomUUID } from 'node:crypto';
import { hasRoom, heldRoom, needsRoom } from '../allocations/select-nodes.ts';
import { ApiError } from '../api-error.ts';
import { type Actor, claimChanged } from '../audit/activity.ts';
import type { Queries } from '../database/database.ts';
import { classifyFailure } from '../database/errors.ts';
import { invalid } from '../input/invalid.ts';
import type { Services } from '../services.ts';
import type { Claim } from './claim.ts';
import { countHeld, insertClaim, readClaimPorts } from './claim-store.ts';
import type { ClaimWish } from './claim-wish.ts';

/** Longest time that ports are held, in milliseconds. */
const longestHeldMs = 24 * 60 * 60 * 1000;

/** A claim just made, and the database's clock at that moment. */
export interface MadeClaim {
  readonly claim: Claim;
  readonly now: number;
}

/** What happens in the transaction that writes a claim: before anything is decided, and after all is written. */
export interface Companions {
  /** Since when these ports are held, in Unix milliseconds; null or absent for now. */
  readonly heldSince?: (portIds: readonly number[]) => number | null;
  readonly before?: (queries: Queries) => Promise<void>;
  readonly after?: (queries: Queries, made: MadeClaim) => Promise<void>;
}

/** Who wants what held. */
export interface Holder {
  readonly actor: Actor;
  /** Whose claim it is: the owner of the credential. */
  readonly userId: number;
  readonly wish: ClaimWish;
  readonly companions: Companions;
}

/** Why ports of a node were not held: others have them, there are none, or there is no room for the server. */
export type Refusal = 'taken' | 'none' | 'full';

/**
 * Holds ports of a node, if they are free still.
 *
 * @param pick Row ids of the ports, or none: decided before, or with the transaction's statements.
 * @param isAlone Whether to take turns on the node with others who hold its ports alone.
 * @returns The claim, or why there is none; then nothing was changed.
 * @throws ApiError 429 where the holder has too many.
 */
export async function holdPorts(
  services: Services,
  holder: Holder,
  nodeId: number,
  pick: (queries: Queries) => Promise<readonly number[]>,
  isAlone: boolean,
): Promise<MadeClaim | Refusal> {
  const { database } = services;
  const { userId, wish, companions } = holder;
  try {
    return await database.transaction(async (queries) => {
      // Locks come first: on some servers a transaction goes on seeing what its first look saw.
      await database.lockUser(queries, userId);
      if (isAlone || needsRoom(wish.nodes)) await database.lockNode(queries, nodeId);
      await companions.before?.(queries);
      const portIds = await pick(queries);
      if (portIds.length === 0) throw new NotHeld('none');
      await requireRoom(services, queries, nodeId, wish);
      const made = await writeClaim(services, queries, holder, nodeId, portIds);
      await companions.after?.(queries, made);
      return made;
    });
  } catch (error) {
    if (error instanceof NotHeld) return error.refusal;
    // The key of the holds is the port: another claim was first.
    if (classifyFailure(error) === 'duplicate') return 'taken';
    throw error;
  }
}

/** Nothing was held; thrown so that the transaction changes nothing. */
class NotHeld extends Error {
  override name = 'NotHeld';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal);
    this.refusal = refusal;
  }
}

/** Claims first, servers after: a claim that turns into a server in between counts twice rather than never. */
async function requireRoom(
  services: Services,
  queries: Queries,
  nodeId: number,
  { nodes }: ClaimWish,
): Promise<void> {
  if (!needsRoom(nodes)) return;
  const held = await heldRoom(services, queries, null);
  const [node] = await services.panel.findCapacities(queries, [nodeId]);
  if (node === undefined || !hasRoom(node, nodes, held.get(nodeId))) throw new NotHeld('full');
}

async function writeClaim(
  { database, activityLog, settings }: Services,
  queries: Queries,
  { actor, userId, wish, companions }: Holder,
  nodeId: number,
  portIds: readonly number[],
): Promise<MadeClaim> {
  const { held, now } = await countHeld(database, queries, userId);
  const { max_held: most } = settings.claims;
  if (held + portIds.length > most) throw tooManyHeld(held, most);
  const { reference, input, nodes } = wish;
  const heldSince = companions.heldSince?.(portIds) ?? now;
  const expiresAt = now + wish.ttlSeconds * 1000;
  requireWithinDay(heldSince, expiresAt);
  const row = {
    ...{ id: randomUUID(), userId, nodeId, reference, portIds, memory: nodes.memory, disk: nodes.disk },
    ...{ createdAt: now, heldSince, expiresAt, wish: input },
  };
  await insertClaim(database, queries, row);
  const claim = { ...row, outcome: null, ...(await readClaimPorts(queries, row.id)) };
  const isTaken = claim.ports.length < portIds.length || claim.ports.some((port) => port.server_id !== null);
  // The panel gave one to a server, or removed it, since they were picked.
  if (isTaken) throw new NotHeld('taken');
  const properties = { ports: portIds.length, ...(reference === null ? {} : { reference }) };
  await activityLog.appendWithin(queries, claimChanged(actor, 'create', claim, properties));
  return { claim, now };
}

/** Ports are held for a day at the most, with all extensions and replacements. @throws ApiError 422 */
export function requireWithinDay(heldSince: number, expiresAt: number): void {
  if (expiresAt <= heldSince + longestHeldMs) return;
  throw invalid('ttl_seconds', 'max', 'The claim may not be held for more than 24 hours in all.');
}

function tooManyHeld(held: number, most: number): ApiError {
  const detail = `Your claims hold ${held} ports, and may hold ${most}: use or release some first.`;
  const entry = { code: 'claims_limit', status: '429', detail };
  return new ApiError(429, [entry], { 'retry-after': '60' });
}
