import { sql } from 'kysely';
import type { Database, Queries } from '../database/database.ts';
import { settleClaim } from './claim-store.ts';

/** Most claims settled, and most forgotten, at a time. */
const batchSize = 500;
/** How long a claim that has ended can still be asked about, in milliseconds: a week. */
const keptMs = 7 * 24 * 60 * 60 * 1000;

/**
 * Writes down how claims ended that nobody has asked about since, and lets go of their ports. Each has a short
 * transaction of its own, which locks no more than its rows: claims are made all the while.
 */
export async function settleEnded(database: Database): Promise<void> {
  for (const id of await usedClaims(database)) await settle(database, id, 'used');
  for (const id of await expiredClaims(database)) await settle(database, id, 'expired');
}

/** Open claims whose ports all belong to one server. */
async function usedClaims({ queries }: Database): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select c.id from ${sql.table('sidecar_claims')} as c
    join ${sql.table('sidecar_claim_ports')} as p on p.claim_id = c.id
    left join ${sql.table('allocations')} as a on a.id = p.allocation_id
    where c.outcome is null group by c.id
    having count(*) = count(a.server_id) and min(a.server_id) = max(a.server_id)
    limit ${sql.lit(batchSize)}`.execute(queries);
  return rows.map(({ id }) => id);
}

/** Open claims whose time is over. */
async function expiredClaims({ queries, nowMs }: Database): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from ${sql.table('sidecar_claims')}
    where outcome is null and expires_at <= ${nowMs}
    order by expires_at limit ${sql.lit(batchSize)}`.execute(queries);
  return rows.map(({ id }) => id);
}

async function settle(database: Database, id: string, outcome: 'used' | 'expired'): Promise<void> {
  await database.transaction(async (queries) => {
    const ports = await queries
      .selectFrom('sidecar_claim_ports')
      .select('allocation_id')
      .where('claim_id', '=', id)
      .execute();
    const portIds = ports.map((port) => port.allocation_id);
    await settleClaim(database, queries, { id, portIds }, outcome);
  });
}

/** Forgets claims that ended more than a week ago. */
export async function forgetClaims(database: Database): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    select id from ${sql.table('sidecar_claims')}
    where outcome in ('used', 'released', 'expired') and expires_at < ${database.nowMs} - ${sql.lit(keptMs)}
    limit ${sql.lit(batchSize)}`.execute(database.queries);
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return;
  await database.transaction(async (queries: Queries) => {
    await queries.deleteFrom('sidecar_claim_ports').where('claim_id', 'in', ids).execute();
    await queries.deleteFrom('sidecar_claims').where('id', 'in', ids).execute();
  });
}
