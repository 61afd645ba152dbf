import { sql } from 'kysely';
import { deleteKeysWithin } from '../api-keys/delete-keys.ts';
import { shellActor } from '../audit/activity.ts';
import type { Services } from '../services.ts';
import { selectKeys, toStoredKey } from '../stored-keys/stored-key.ts';
import { noOutbox } from '../webhooks/outbox.ts';

/** Description of the keys with which `doctor` tries scopes. */
export const throwAwayMemo = 'panel-sidecar doctor';

/** Most keys deleted at once. */
const batchSize = 100;

/**
 * Deletes the keys that a killed `doctor` has left, once they have ended. No webhook is told, as none was told of
 * their making.
 *
 * @param now Unix milliseconds.
 */
export async function deleteLeftKeys(services: Services, now: number): Promise<void> {
  const { database, panel } = services;
  const rows = await selectKeys(database.queries, true)
    .where('k.memo', '=', throwAwayMemo)
    .where(sql<boolean>`o.permissions is not null and o.expires_at <= ${now}`)
    .limit(sql.lit(batchSize))
    .execute();
  if (rows.length === 0) return;
  const left = rows.map((row) => toStoredKey(row, panel.clock));
  await database.transaction((queries) =>
    deleteKeysWithin({ ...services, outbox: noOutbox }, queries, shellActor, left),
  );
}
