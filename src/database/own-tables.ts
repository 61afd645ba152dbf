import type { Generated } from 'kysely';

/**
 * The service's own tables, in the panel's database so that they change in one transaction with the panel's
 * rows. Times are Unix milliseconds: nothing here depends on a session's time zone.
 */
export interface OwnTables {
  sidecar_migrations: SidecarMigrationsTable;
  sidecar_keys: SidecarKeysTable;
  sidecar_idempotency: SidecarIdempotencyTable;
  sidecar_outbox: SidecarOutboxTable;
  sidecar_announcements: SidecarAnnouncementsTable;
  sidecar_claims: SidecarClaimsTable;
  sidecar_claim_ports: SidecarClaimPortsTable;
  sidecar_holds: SidecarHoldsTable;
}

/** The steps of the own tables that have been taken. */
export interface SidecarMigrationsTable {
  version: number;
  applied_at: number;
}

/**
 * What this service knows of a key beyond the panel's row. A row belongs to a key only where both id and
 * identifier agree: a database may give the id of a deleted key to a new one.
 */
export interface SidecarKeysTable {
  api_key_id: number;
  identifier: string;
  /** JSON list of permission names; null for a key without scopes. */
  permissions: string | null;
  /** JSON list of short server identifiers the key is confined to; null for all. */
  servers: string | null;
  /** The caller's own name for what the key is for. */
  reference: string | null;
  /** The key's true end, exact; null for none. The panel's column may differ, for one that is disabled. */
  expires_at: number | null;
  /** Null for a key that is not disabled. */
  disabled_at: number | null;
  /** 1 where who disabled it may write users: then only such a caller may enable it. */
  disabled_by_admin: number;
  /** The identifier of the key that this one replaces. */
  rotated_from: string | null;
  /** The identifier of the key that replaces this one, which then lives until its end only. */
  rotated_to: string | null;
}

/** A request that was answered, so that a repeat of it gets the same answer. */
export interface SidecarIdempotencyTable {
  id: Generated<number>;
  /** SHA-256 of credential, method, path and the caller's key, in hex. */
  fingerprint: string;
  /** SHA-256 of the cleaned body, its members in order, in hex. */
  input_hash: string;
  /** The answer's JSON, encrypted with APP_KEY; null while the first request is at work. */
  answer: string | null;
  /** What was made: an answer is not repeated once this is gone. */
  resource: string | null;
  created_at: number;
}

/** An event on its way to the configured webhooks. */
export interface SidecarOutboxTable {
  id: Generated<number>;
  /** Identifies the message to its receiver, the same in every try. */
  message_id: string;
  endpoint: string;
  body: string;
  attempts: number;
  /** When to try next; null once there is no more to try. */
  next_attempt_at: number | null;
  /** Until when a sender has the row to itself. */
  claimed_until: number;
  last_error: string | null;
  created_at: number;
}

/** That webhooks have been told of an end, so that they are told once. */
export interface SidecarAnnouncementsTable {
  api_key_id: number;
  /** The end that was announced; a key that gets another is announced again. */
  ends_at: number;
}

/** Ports picked for a caller. Its times come from the database's clock. */
export interface SidecarClaimsTable {
  /** A UUID. */
  id: string;
  /** Who made it: the owner of the credential. */
  user_id: number;
  node_id: number;
  reference: string | null;
  /** What the server to come needs, in MiB; counts as used on the node while the claim is held. */
  memory: number;
  disk: number;
  created_at: number;
  /** Since when its ports are held, by a claim that it replaced or by itself. */
  held_since: number;
  expires_at: number;
  /** JSON of what was asked for, so that it can be asked for again. */
  wish: string;
  /** How it ended, once that is known: `used`, `released` or `expired`; null before. */
  outcome: string | null;
}

/** The ports of a claim, kept after its end. */
export interface SidecarClaimPortsTable {
  claim_id: string;
  allocation_id: number;
}

/** A port that is held. Its key is what keeps two claims from holding one port. */
export interface SidecarHoldsTable {
  allocation_id: number;
  claim_id: string;
  node_id: number;
  user_id: number;
  expires_at: number;
}

/** Every column named in a statement, by own table. */
export const ownTableColumns: Readonly<Record<keyof OwnTables, readonly string[]>> = {
  sidecar_migrations: ['version', 'applied_at'],
  sidecar_keys: [
    ...['api_key_id', 'identifier', 'permissions', 'servers', 'reference', 'expires_at', 'disabled_at'],
    ...['disabled_by_admin', 'rotated_from', 'rotated_to'],
  ],
  sidecar_idempotency: ['id', 'fingerprint', 'input_hash', 'answer', 'resource', 'created_at'],
  sidecar_outbox: [
    ...['id', 'message_id', 'endpoint', 'body', 'attempts', 'next_attempt_at', 'claimed_until'],
    ...['last_error', 'created_at'],
  ],
  sidecar_announcements: ['api_key_id', 'ends_at'],
  sidecar_claims: [
    ...['id', 'user_id', 'node_id', 'reference', 'memory', 'disk', 'created_at', 'held_since'],
    ...['expires_at', 'wish', 'outcome'],
  ],
  sidecar_claim_ports: ['claim_id', 'allocation_id'],
  sidecar_holds: ['allocation_id', 'claim_id', 'node_id', 'user_id', 'expires_at'],
};
