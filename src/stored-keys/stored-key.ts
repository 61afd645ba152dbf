import { type SqlBool, sql } from 'kysely';
import type { Queries } from '../database/database.ts';
import type { PanelClock } from '../panel/clock.ts';
import { type OwnKeyFacts, type OwnKeyRow, ownKeyColumns, readOwnFacts } from '../panel/own-key.ts';
import { accountKeyType, type TargetUser } from '../panel/panel.ts';

/** An account key as the panel's table and the own tables have it together. */
export interface StoredKey {
  readonly id: number;
  readonly userId: number;
  readonly identifier: string | null;
  readonly memo: string | null;
  /** JSON text. */
  readonly allowedIps: string | null;
  /** Text of the column, as are the other times of the panel's. */
  readonly lastUsedAt: string | null;
  readonly createdAt: string | null;
  /** When the key ends, by whichever table knows best; of a disabled key, when it would. */
  readonly expiresAt: Date | null;
  readonly own: OwnKeyFacts;
}

/** A user with their account keys, oldest first. */
export interface KeyHolder extends TargetUser {
  readonly keys: readonly StoredKey[];
}

interface KeyRow extends OwnKeyRow {
  readonly id: number;
  readonly user_id: number;
  readonly identifier: string | null;
  readonly memo: string | null;
  readonly allowed_ips: string | null;
  readonly last_used_at: string | null;
  readonly created_at: string | null;
  readonly expires_at: string | null;
}

const keyColumns = [
  ...(['k.id', 'k.user_id', 'k.identifier', 'k.memo', 'k.allowed_ips'] as const),
  ...(['k.last_used_at', 'k.created_at', 'k.expires_at'] as const),
];

/** A row that is left of a deleted key says nothing of the one that has its id now. */
const isOwnRow = sql<SqlBool>`o.api_key_id = k.id and o.identifier = k.identifier`;

/**
 * Selects account keys, `k`, with what the own tables say of them, `o`, where those are there. Pelican lets a key have no
 * owner: it opens nothing, and is nobody's to see or change.
 */
export function selectKeys(queries: Queries, hasOwnTables: boolean) {
  return queries
    .selectFrom('api_keys as k')
    .select(keyColumns)
    .$if(hasOwnTables, (query) =>
      query.leftJoin('sidecar_keys as o', (join) => join.on(isOwnRow)).select(ownKeyColumns),
    )
    .where('k.key_type', '=', accountKeyType)
    .where('k.user_id', 'is not', null);
}

/** Selects users, `t`, each as often as there are account keys of theirs, with those; once where there are none. */
export function selectHolders(queries: Queries, hasOwnTables: boolean) {
  return queries
    .selectFrom('users as t')
    .leftJoin('api_keys as k', (join) =>
      join.onRef('k.user_id', '=', 't.id').on('k.key_type', '=', accountKeyType),
    )
    .select('t.id as holder_id')
    .select(keyColumns)
    .$if(hasOwnTables, (query) =>
      query.leftJoin('sidecar_keys as o', (join) => join.on(isOwnRow)).select(ownKeyColumns),
    );
}

/** Whether a row that `selectHolders` selected has a key. */
export function isKeyRow<Row extends { readonly id: number | null }>(row: Row): row is Row & KeyRow {
  return row.id !== null;
}

/** Reads a row with a key. */
export function toStoredKey(row: KeyRow, clock: PanelClock): StoredKey {
  const own = readOwnFacts(row, row.identifier);
  const end = row.expires_at === null ? null : clock.fromColumn(row.expires_at);
  return {
    id: row.id,
    userId: row.user_id,
    identifier: row.identifier,
    memo: row.memo,
    allowedIps: row.allowed_ips,
    lastUsedAt: row.last_used_at,
    createdAt: row.created_at,
    // The panel's column of a disabled key says that it has ended, which is not its true end.
    expiresAt: own.expiresAt ?? (own.isDisabled ? null : end),
    own,
  };
}

/** A key that has been replaced, and lives on for a while beside its successor. */
export function isRotatedOut(key: StoredKey): boolean {
  return key.own.rotatedTo !== null;
}

/** A key whose end has come. */
export function hasEnded(key: StoredKey, now: Date): boolean {
  return key.expiresAt !== null && key.expiresAt <= now;
}
