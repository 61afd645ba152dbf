import { sql } from 'kysely';
import type { Queries } from './database.ts';

/**
 * Asks whether the server is a node of a Galera cluster, several of which take writes. Needs no privilege; a server
 * that has never heard of it answers with no row.
 */
export const galeraQuestion = "show variables like 'wsrep_on'";

/** Reads the answer to `galeraQuestion`. */
export function isGaleraNode(rows: unknown): boolean {
  return Array.isArray(rows) && (rows[0] as { Value?: unknown } | undefined)?.Value === 'ON';
}

/** How many nodes the server's cluster has; 0 for a server that is in none. */
export async function clusterSize(queries: Queries): Promise<number> {
  const { rows } = await sql<{ Value: string }>`show status like 'wsrep_cluster_size'`.execute(queries);
  return Number(rows[0]?.Value ?? 0);
}

/**
 * Makes the caller's transaction collide with every other that has marked the same user, on whichever node: of two
 * that commit side by side, the cluster lets one through and rolls the other back as a deadlock.
 *
 * Nodes do not tell each other of row locks; they compare the keys of rows that transactions have written. So both
 * write a row of one key. It is gone before the commit, so nobody ever sees it, and it asks for no right or table
 * beyond those that making and deleting keys asks for. A statement that leaves a row as it was would not do: what
 * did not change is not compared.
 *
 * @param userId must be there, and locked on this node
 */
export async function markUser(queries: Queries, userId: number): Promise<void> {
  // Sixteen characters at most, and none that an identifier of the panel begins with.
  const identifier = `turn_${userId}`;
  await queries
    .insertInto('api_keys')
    .values({ user_id: userId, key_type: 0, identifier, token: '', allowed_ips: '[]', memo: '' })
    .execute();
  await queries.deleteFrom('api_keys').where('identifier', '=', identifier).execute();
}

/** The same for a node of the panel; the own tables must be there. */
export async function markNode(queries: Queries, nodeId: number): Promise<void> {
  // No port has such an id.
  const row = { allocation_id: -nodeId, claim_id: '', node_id: nodeId, user_id: 0, expires_at: 0 };
  await queries.insertInto('sidecar_holds').values(row).execute();
  await queries.deleteFrom('sidecar_holds').where('allocation_id', '=', row.allocation_id).execute();
}
