import { sql } from 'kysely';
import type { PortRow } from '../allocations/allocation.ts';
import type { Database, Queries } from '../database/database.ts';
import type { Claim } from './claim.ts';
import type { ClaimInput } from './claim-wish.ts';

/** The database's clock, in Unix milliseconds. */
export async function databaseNow({ nowMs }: Database, queries: Queries): Promise<number> {
  const { rows } = await sql<{ now: number | string }>`select ${nowMs} as now`.execute(queries);
  return Number(rows[0]?.now);
}

/** Reads a claim with its ports, in order of address and port, or null. */
export async function readClaim(queries: Queries, id: string): Promise<Claim | null> {
  // First: if it is open after that, it still had the ports when they were read.
  const ports = await readClaimPorts(queries, id);
  const row = await queries
    .selectFrom('sidecar_claims')
    .select([
      'id',
      'user_id',
      'node_id',
      'reference',
      'memory',
      'disk',
      'created_at',
      'held_since',
      'expires_at',
      'wish',
      'outcome',
    ])
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    id: row.id,
    userId: row.user_id,
    nodeId: row.node_id,
    reference: row.reference,
    // Some drivers give a bigint as text.
    memory: Number(row.memory),
    disk: Number(row.disk),
    createdAt: Number(row.created_at),
    heldSince: Number(row.held_since),
    expiresAt: Number(row.expires_at),
    wish: JSON.parse(row.wish) as ClaimInput,
    outcome: row.outcome as Claim['outcome'],
    ...ports,
  };
}

/** Reads the ports of a claim, in order of address and port. */
export async function readClaimPorts(
  queries: Queries,
  id: string,
): Promise<Pick<Claim, 'portIds' | 'ports'>> {
  const { rows } = await sql<{ allocation_id: number } & { [Name in keyof PortRow]: PortRow[Name] | null }>`
    select p.allocation_id, a.id, a.node_id, a.ip, a.ip_alias, a.port, a.notes, a.server_id
    from ${sql.table('sidecar_claim_ports')} as p
    left join ${sql.table('allocations')} as a on a.id = p.allocation_id
    where p.claim_id = ${id} order by a.ip, a.port, p.allocation_id`.execute(queries);
  return {
    portIds: rows.map((port) => port.allocation_id),
    ports: rows.flatMap(({ allocation_id: _, ...port }) => (port.id === null ? [] : [port as PortRow])),
  };
}

/** What a claim is written with. */
export type NewClaim = Omit<Claim, 'outcome' | 'ports'>;

/**
 * Writes a claim and takes its ports, in the caller's transaction. Holds that have ended make way.
 *
 * @throws The driver's duplicate error where another claim holds one of the ports.
 */
export async function insertClaim(database: Database, queries: Queries, claim: NewClaim): Promise<void> {
  const { id, nodeId, userId, expiresAt, portIds } = claim;
  // In order of id, so that two claims that want the same ports queue up rather than deadlock.
  const ordered = portIds.toSorted((a, b) => a - b);
  await deleteEndedHolds(database, queries, ordered);
  await queries
    .insertInto('sidecar_holds')
    .values(
      ordered.map((portId) => ({
        ...{ allocation_id: portId, claim_id: id, node_id: nodeId, user_id: userId, expires_at: expiresAt },
      })),
    )
    .execute();
  await queries
    .insertInto('sidecar_claims')
    .values({
      ...{ id, user_id: userId, node_id: nodeId, reference: claim.reference, memory: claim.memory },
      ...{ disk: claim.disk, created_at: claim.createdAt, held_since: claim.heldSince },
      ...{ expires_at: expiresAt, outcome: null },
      wish: JSON.stringify(claim.wish),
    })
    .execute();
  await queries
    .insertInto('sidecar_claim_ports')
    .values(ordered.map((portId) => ({ claim_id: id, allocation_id: portId })))
    .execute();
}

/**
 * Lets go of the ended holds of these ports. The claims they belong to have expired with that: what becomes of
 * the ports from now on is the next claim's. Looks first, without a lock: deleting rows that are not there would
 * lock the gaps they would be in against the claims that others write at the same time.
 */
async function deleteEndedHolds(
  { nowMs }: Database,
  queries: Queries,
  portIds: readonly number[],
): Promise<void> {
  const holds = sql.table('sidecar_holds');
  const { rows: ended } = await sql<{ claim_id: string }>`select distinct claim_id from ${holds}
    where allocation_id in (${sql.join(portIds)}) and expires_at <= ${nowMs}`.execute(queries);
  if (ended.length === 0) return;
  const claims = sql.join(ended.map((row) => row.claim_id).toSorted());
  // The claim before its holds, as whoever settles it does.
  await sql`update ${sql.table('sidecar_claims')} set outcome = 'expired'
    where id in (${claims}) and outcome is null and expires_at <= ${nowMs}`.execute(queries);
  const { rows: ports } = await sql<{ allocation_id: number }>`
    select h.allocation_id from ${holds} as h where h.allocation_id in (${sql.join(portIds)})
      and h.expires_at <= ${nowMs}
    union select h.allocation_id from ${sql.table('sidecar_claim_ports')} as p
    join ${holds} as h on h.allocation_id = p.allocation_id and h.claim_id = p.claim_id
    where p.claim_id in (${claims}) and h.expires_at <= ${nowMs}`.execute(queries);
  if (ports.length === 0) return;
  await sql`delete from ${holds}
    where allocation_id in (${sql.join(ports.map((row) => row.allocation_id))}) and claim_id in (${claims})
      and expires_at <= ${nowMs}`.execute(queries);
}

/**
 * Writes down how a claim ended and lets its ports go, in the caller's transaction. Nothing happens where that
 * has been done, or where a claim that is to have expired was extended meanwhile.
 */
export async function settleClaim(
  { nowMs }: Database,
  queries: Queries,
  { id, portIds }: Pick<Claim, 'id' | 'portIds'>,
  outcome: NonNullable<Claim['outcome']>,
): Promise<void> {
  const { numUpdatedRows } = await queries
    .updateTable('sidecar_claims')
    .set({ outcome })
    .where('id', '=', id)
    .where('outcome', 'is', null)
    .$if(outcome === 'expired', (update) => update.where('expires_at', '<=', nowMs))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) return;
  // By their key, so that no rows but these are locked.
  await queries
    .deleteFrom('sidecar_holds')
    .where('allocation_id', 'in', portIds)
    .where('claim_id', '=', id)
    .execute();
}

/**
 * Moves a claim's end, in the caller's transaction.
 *
 * @returns Whether it still held all of its ports then. If not, others may have them, and the transaction must
 *   change nothing.
 */
export async function moveEnd(
  { nowMs }: Database,
  queries: Queries,
  { id, portIds }: Pick<Claim, 'id' | 'portIds'>,
  expiresAt: number,
): Promise<boolean> {
  const { numUpdatedRows } = await queries
    .updateTable('sidecar_holds')
    .set({ expires_at: expiresAt })
    .where('allocation_id', 'in', portIds)
    .where('claim_id', '=', id)
    .where('expires_at', '>', nowMs)
    .executeTakeFirstOrThrow();
  if (Number(numUpdatedRows) < portIds.length) return false;
  await queries.updateTable('sidecar_claims').set({ expires_at: expiresAt }).where('id', '=', id).execute();
  return true;
}

/** How many ports a user's claims hold, and the database's clock. A port that a server has counts no more. */
export async function countHeld(
  { nowMs }: Database,
  queries: Queries,
  userId: number,
): Promise<{ readonly held: number; readonly now: number }> {
  const { rows } = await sql<{ held: number | string; now: number | string }>`
    select count(*) as held, ${nowMs} as now from ${sql.table('sidecar_holds')} as h
    join ${sql.table('allocations')} as a on a.id = h.allocation_id and a.server_id is null
    where h.user_id = ${userId} and h.expires_at > ${nowMs}`.execute(queries);
  return { held: Number(rows[0]?.held), now: Number(rows[0]?.now) };
}
