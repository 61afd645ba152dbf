import { sql } from 'kysely';
import type { PortRow } from '../allocations/list-ports.ts';
import type { Database, Queries } from '../database/database.ts';
import type { Claim } from './claim.ts';
import type { ClaimInput } from './claim-input.ts';

/** The database's clock, in Unix milliseconds. */
export async function databaseNow({ nowMs }: Database, queries: Queries): Promise<number> {
  const { rows } = await sql<{ now: number | string }>`select ${nowMs} as now`.execute(queries);
  return Number(rows[0]?.now);
}

/** Reads a claim with its ports, or null. */
export async function readClaim(queries: Queries, id: string): Promise<Claim | null> {
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
      'expires_at',
      'wish',
      'outcome',
    ])
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return null;
  const { rows } = await sql<{ allocation_id: number } & { [Name in keyof PortRow]: PortRow[Name] | null }>`
    select p.allocation_id, a.id, a.node_id, a.ip, a.ip_alias, a.port, a.notes, a.server_id
    from ${sql.table('sidecar_claim_ports')} as p
    left join ${sql.table('allocations')} as a on a.id = p.allocation_id
    where p.claim_id = ${id} order by a.ip, a.port, p.allocation_id`.execute(queries);
  return {
    id: row.id,
    userId: row.user_id,
    nodeId: row.node_id,
    reference: row.reference,
    // Some drivers give a bigint as text.
    memory: Number(row.memory),
    disk: Number(row.disk),
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
    wish: JSON.parse(row.wish) as ClaimInput,
    outcome: row.outcome as Claim['outcome'],
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
  const ordered = [...portIds].sort((a, b) => a - b);
  await sql`delete from ${sql.table('sidecar_holds')}
    where allocation_id in (${sql.join(ordered)}) and expires_at <= ${database.nowMs}`.execute(queries);
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
      ...{ disk: claim.disk, created_at: claim.createdAt, expires_at: expiresAt, outcome: null },
      wish: JSON.stringify(claim.wish),
    })
    .execute();
  await queries
    .insertInto('sidecar_claim_ports')
    .values(ordered.map((portId) => ({ claim_id: id, allocation_id: portId })))
    .execute();
}

/** Writes down how a claim ended and lets its ports go, in the caller's transaction. */
export async function settleClaim(
  queries: Queries,
  id: string,
  outcome: NonNullable<Claim['outcome']>,
): Promise<void> {
  await queries.updateTable('sidecar_claims').set({ outcome }).where('id', '=', id).execute();
  await queries.deleteFrom('sidecar_holds').where('claim_id', '=', id).execute();
}

/** Moves a claim's end, in the caller's transaction. */
export async function moveEnd(queries: Queries, id: string, expiresAt: number): Promise<void> {
  await queries.updateTable('sidecar_claims').set({ expires_at: expiresAt }).where('id', '=', id).execute();
  await queries
    .updateTable('sidecar_holds')
    .set({ expires_at: expiresAt })
    .where('claim_id', '=', id)
    .execute();
}

/** How many ports a user holds now. */
export async function countHeld({ nowMs }: Database, queries: Queries, userId: number): Promise<number> {
  const { rows } = await sql<{ held: number | string }>`
    select count(*) as held from ${sql.table('sidecar_holds')}
    where user_id = ${userId} and expires_at > ${nowMs}`.execute(queries);
  return Number(rows[0]?.held ?? 0);
}

/** Writes down how claims ended that nobody has asked about since, and lets go of their ports. */
export async function settleEnded(database: Database, queries: Queries): Promise<void> {
  const { nowMs } = database;
  const claims = sql.table('sidecar_claims');
  const { rows: used } = await sql<{ id: string }>`
    select c.id from ${claims} as c
    join ${sql.table('sidecar_claim_ports')} as p on p.claim_id = c.id
    left join ${sql.table('allocations')} as a on a.id = p.allocation_id
    where c.outcome is null group by c.id
    having count(*) = count(a.server_id) and min(a.server_id) = max(a.server_id)`.execute(queries);
  for (const { id } of used) await settleClaim(queries, id, 'used');
  await sql`update ${claims} set outcome = 'expired'
    where outcome is null and expires_at <= ${nowMs}`.execute(queries);
  await sql`delete from ${sql.table('sidecar_holds')} where expires_at <= ${nowMs}`.execute(queries);
}

/** Forgets claims that ended long ago. @param before Unix milliseconds. */
export async function forgetClaims(queries: Queries, before: number): Promise<void> {
  const claims = sql.table('sidecar_claims');
  const old = sql`select id from ${claims} where outcome is not null and expires_at < ${before}`;
  await sql`delete from ${sql.table('sidecar_claim_ports')} where claim_id in (${old})`.execute(queries);
  await sql`delete from ${claims} where outcome is not null and expires_at < ${before}`.execute(queries);
}
