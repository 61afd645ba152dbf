import { type Actor, keysViewed } from '../audit/activity.ts';
import { Batcher } from '../database/batcher.ts';
import type { Queries } from '../database/database.ts';
import { SizedStatement } from '../database/sized-statement.ts';
import type { Services } from '../services.ts';
import { type StoredKey, selectKeys, toStoredKey } from '../stored-keys/stored-key.ts';
import { type ApiKeyResource, type ExtraField, toApiKey } from './api-key.ts';
import { type KeyFilter, matchesFilter } from './key-filter.ts';

/** Answers with a user's account keys, oldest first, once the view is recorded. */
export type ListKeys = (
  actor: Actor,
  userId: number,
  filter: KeyFilter,
  fields: ReadonlySet<ExtraField>,
) => Promise<readonly ApiKeyResource[]>;

/** Lists requested at the same time share a round trip. */
export function createListKeys(services: Services): ListKeys {
  const { panel, activityLog, settings } = services;
  const keysOf = new Batcher((userIds: readonly number[]) => keysOfUsers(services, userIds));
  return async (actor, userId, filter, fields) => {
    const keys = (await keysOf.load(userId)).filter((key) => matchesFilter(key, filter, new Date()));
    if (settings.audit.views) await activityLog.append(keysViewed(actor, userId, keys.length));
    return keys.map((key) => toApiKey(key, panel.clock, fields));
  };
}

const keysByUser = { withOwn: keyStatement(true), without: keyStatement(false) };

function keyStatement(hasOwnTables: boolean) {
  return new SizedStatement((queries: Queries, userIds: readonly number[]) =>
    selectKeys(queries, hasOwnTables).where('k.user_id', 'in', userIds).orderBy('k.id'),
  );
}

async function keysOfUsers(
  { reads, panel, hasOwnTables }: Services,
  userIds: readonly number[],
): Promise<readonly (readonly StoredKey[])[]> {
  const statement = keysByUser[hasOwnTables ? 'withOwn' : 'without'];
  const rows = await reads.run((queries) => statement.find(queries, [...new Set(userIds)]));
  const byUser = Map.groupBy(
    rows.map((row) => toStoredKey(row, panel.clock)),
    (key) => key.userId,
  );
  return userIds.map((userId) => byUser.get(userId) ?? []);
}
