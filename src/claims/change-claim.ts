import { needsRoom } from '../allocations/select-nodes.ts';
import { type ApiError, conflict, notFound } from '../api-error.ts';
import { type Actor, claimChanged } from '../audit/activity.ts';
import type { Queries } from '../database/database.ts';
import type { Services } from '../services.ts';
import { type Claim, type ClaimStatus, statusOf } from './claim.ts';
import { toWish } from './claim-input.ts';
import { databaseNow, moveEnd, readClaim, settleClaim } from './claim-store.ts';
import type { ClaimInput } from './claim-wish.ts';
import { type MadeClaim, requireWithinDay } from './hold-ports.ts';
import { makeClaim } from './make-claim.ts';

/** A user's own claim, or 404: whose it is, is nobody else's business. */
async function ownClaim(queries: Queries, userId: number, id: string): Promise<Claim> {
  const claim = await readClaim(queries, id);
  if (claim === null || claim.userId !== userId) throw notFound();
  return claim;
}

/**
 * Answers with a user's claim, once the view is recorded. What has been answered as used stays used, whatever
 * becomes of the server.
 *
 * @throws ApiError 404
 */
export async function viewClaim(
  services: Services,
  actor: Actor,
  userId: number,
  id: string,
): Promise<MadeClaim> {
  const claim = await ownClaim(services.database.queries, userId, id);
  const now = await databaseNow(services.database, services.database.queries);
  await recordView(services, actor, claim, statusOf(claim, now));
  return { claim, now };
}

/**
 * The claim that a request made, as it was answered first, for a repeat of the request; recorded as a view.
 *
 * @throws ApiError 409 where it is neither held nor used: others may hold its ports.
 */
export async function repeatClaim(services: Services, actor: Actor, id: string): Promise<MadeClaim> {
  const { database } = services;
  const claim = await readClaim(database.queries, id);
  const status = claim === null ? null : statusOf(claim, await databaseNow(database, database.queries));
  if (claim === null || (status !== 'held' && status !== 'used')) {
    throw conflict(
      `The claim that the first request with this Idempotency-Key made is ${status ?? 'forgotten'}.`,
    );
  }
  await recordView(services, actor, claim, status);
  return { claim: asMade(claim), now: claim.createdAt };
}

/** A claim as it was in its first moment, but for what the panel has changed of its ports. */
function asMade(claim: Claim): Claim {
  return {
    ...claim,
    expiresAt: claim.createdAt + toWish(claim.wish, null).ttlSeconds * 1000,
    outcome: null,
    ports: claim.ports.map((port) => ({ ...port, server_id: null })),
  };
}

async function recordView(
  { database, activityLog, settings }: Services,
  actor: Actor,
  claim: Claim,
  status: ClaimStatus,
): Promise<void> {
  if (settings.audit.views) await activityLog.append(claimChanged(actor, 'view', claim));
  if (claim.outcome === null && status === 'used') {
    await database.transaction((queries) => settleClaim(database, queries, claim, 'used'));
  }
}

/** Ends a user's claim before its time; one that has ended stays as it is. @throws ApiError 404 */
export function releaseClaim(
  { database, activityLog }: Services,
  actor: Actor,
  userId: number,
  id: string,
): Promise<void> {
  return database.transaction(async (queries) => {
    const claim = await lockedClaim(queries, userId, id);
    const now = await databaseNow(database, queries);
    if (!isOpen(claim, now)) return;
    await settleClaim(database, queries, claim, 'released');
    await activityLog.appendWithin(queries, claimChanged(actor, 'release', claim));
  });
}

/**
 * Holds a user's claim for so long from now.
 *
 * @throws ApiError 404, 409 for a claim that is not held, 422 beyond 24 hours in all.
 */
export async function extendClaim(
  { database, activityLog }: Services,
  actor: Actor,
  userId: number,
  id: string,
  ttlSeconds: number,
): Promise<MadeClaim> {
  const { nodeId, ...room } = await ownClaim(database.queries, userId, id);
  return database.transaction(async (queries) => {
    // Before the claim, as whoever makes one does: its room is not to be promised to others at its end, and held after.
    if (needsRoom(room)) await database.lockNode(queries, nodeId);
    const claim = await lockedClaim(queries, userId, id);
    const now = await databaseNow(database, queries);
    const status = statusOf(claim, now);
    if (status !== 'held') throw unchangeable(status, 'extended');
    const expiresAt = now + ttlSeconds * 1000;
    requireWithinDay(claim.heldSince, expiresAt);
    const isHeld = await moveEnd(database, queries, claim, expiresAt);
    if (!isHeld) throw unchangeable('expired', 'extended');
    const properties = { ttl_seconds: ttlSeconds };
    await activityLog.appendWithin(queries, claimChanged(actor, 'extend', claim, properties));
    return { claim: { ...claim, expiresAt }, now };
  });
}

/**
 * Makes a new claim in place of a user's old one, held or lost, whose ports are let go in the same transaction
 * and may be among the new ones. Where no new claim can be made, the old one stays.
 *
 * @param changes What is asked otherwise than before.
 * @throws ApiError 404, 409, 429, 422 where some of its ports would be held for more than 24 hours in all.
 */
export async function replaceClaim(
  services: Services,
  actor: Actor,
  userId: number,
  id: string,
  changes: Partial<ClaimInput>,
): Promise<MadeClaim> {
  const { database, activityLog } = services;
  const old = await ownClaim(database.queries, userId, id);
  requireOpen(old, await databaseNow(database, database.queries));
  const wish = toWish({ ...old.wish, ...changes }, id);
  return makeClaim(services, actor, userId, wish, {
    before: async (queries) => {
      const claim = await lockedClaim(queries, userId, id);
      requireOpen(claim, await databaseNow(database, queries));
      await settleClaim(database, queries, claim, 'released');
      await activityLog.appendWithin(queries, claimChanged(actor, 'release', claim));
    },
    heldSince: (portIds) => (portIds.some((port) => old.portIds.includes(port)) ? old.heldSince : null),
  });
}

function isOpen(claim: Claim, now: number): boolean {
  const status = statusOf(claim, now);
  return status === 'held' || status === 'lost';
}

function requireOpen(claim: Claim, now: number): void {
  if (!isOpen(claim, now)) throw unchangeable(statusOf(claim, now), 'replaced');
}

function unchangeable(status: string, change: 'extended' | 'replaced'): ApiError {
  return conflict(`This claim is ${status} and cannot be ${change}.`);
}

/** A user's claim, held against others who would change it. */
async function lockedClaim(queries: Queries, userId: number, id: string): Promise<Claim> {
  // Writing the row takes its lock on every database; a statement for locking alone would be one per dialect.
  await queries
    .updateTable('sidecar_claims')
    .set(({ ref }) => ({ reference: ref('reference') }))
    .where('id', '=', id)
    .execute();
  return ownClaim(queries, userId, id);
}
