import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { Panel } from '../panel/panel.ts';
import { type StoredKey, selectKeys, toStoredKey } from './stored-key.ts';

/**
 * Keys that would be worth more without the own tables: confined, disabled, or replaced and about to end.
 * Without the tables they would be free, unknown, or everlasting.
 */
export async function dependentKeys(database: Database, panel: Panel): Promise<readonly StoredKey[]> {
  const rows = await selectKeys(database.queries, true)
    .where(sql<boolean>`(o.permissions is not null or o.disabled_at is not null or o.rotated_to is not null)`)
    .execute();
  return rows.map((row) => toStoredKey(row, panel.clock));
}
