import type { Kysely } from 'kysely';
import { type Actor, keysViewed } from '../audit/activity.ts';
import { Batcher } from '../database/batcher.ts';
import type { Database } from '../database/database.ts';
import { SizedStatement } from '../database/sized-statement.ts';
import type { PanelTables } from '../database/tables.ts';
import { accountKeyType } from '../panel/panel.ts';
import type { Services } from '../services.ts';
import { type ApiKeyResource, type ApiKeyRow, apiKeyColumns, toApiKey } from './api-key.ts';

/** Answers with a user's account keys, oldest first, once the view is recorded. */
export type ListKeys = (actor: Actor, userId: number) => Promise<readonly ApiKeyResource[]>;

/** Lists requested at the same time share a round trip. */
export function createListKeys({ database, panel, activityLog, settings }: Services): ListKeys {
  const rowsOf = new Batcher((userIds: readonly number[]) => keysOfUsers(database, userIds));
  return async (actor, userId) => {
    const rows = await rowsOf.load(userId);
    const keys = rows.map((row) => toApiKey(row, panel.clock));
    if (settings.audit.views) await activityLog.append(keysViewed(actor, userId, keys.length));
    return keys;
  };
}

const keysByUser = new SizedStatement((queries: Kysely<PanelTables>, userIds: readonly number[]) =>
  queries
    .selectFrom('api_keys')
    .select(['user_id', ...apiKeyColumns])
    .where('user_id', 'in', userIds)
    .where('key_type', '=', accountKeyType)
    .orderBy('id'),
);

async function keysOfUsers(
  database: Database,
  userIds: readonly number[],
): Promise<readonly (readonly ApiKeyRow[])[]> {
  const rows = await keysByUser.find(database.queries, [...new Set(userIds)]);
  const byUser = Map.groupBy(rows, (row) => row.user_id);
  return userIds.map((userId) => byUser.get(userId) ?? []);
}
