import { type Actor, keysViewed } from '../audit/activity.ts';
import { Batcher } from '../database/batcher.ts';
import type { Queries } from '../database/database.ts';
import { SizedStatement } from '../database/sized-statement.ts';
import type { Services } from '../services.ts';
import { type StoredKey, selectKeys, toStoredKey } from '../stored-keys/stored-key.ts';
import { type ApiKeyResource, type ExtraField, toApiKey } from './api-key.ts';
import { type KeyFilter, matchesFilter } from './key-filter.ts';

/** Lists of a user's keys; those that are asked for at the same time share a round trip. */
export interface KeyLists {
  /** Reads a user's account keys, oldest first. */
  read(userId: number): Promise<readonly StoredKey[]>;
  /** Shows those that a caller asks for, once the view is recorded. */
  show(
    actor: Actor,
    userId: number,
    keys: readonly StoredKey[],
    filter: KeyFilter,
    fields: ReadonlySet<ExtraField>,
  ): Promise<readonly ApiKeyResource[]>;
}

/** Makes the lists. */
export function createKeyLists(services: Services): KeyLists {
  const { panel, activityLog, settings } = services;
  const keysOf = new Batcher((userIds: readonly number[]) => keysOfUsers(services, userIds));
  return {
    read: (userId) => keysOf.load(userId),
    async show(actor, userId, keys, filter, fields) {
      const now = new Date();
      const shown = keys.filter((key) => matchesFilter(key, filter, now));
      if (settings.audit.views) await activityLog.append(keysViewed(actor, userId, shown.length));
      return shown.map((key) => toApiKey(key, panel.clock, fields));
    },
  };
}

const keysByUser = { withOwn: keyStatement(true), without: keyStatement(false) };

function keyStatement(hasOwnTables: boolean) {
  return new SizedStatement((queries: Queries, userIds: readonly number[]) =>
    selectKeys(queries, hasOwnTables).where('k.user_id', 'in', userIds),
  );
}

async function keysOfUsers(
  { reads, panel, hasOwnTables }: Services,
  userIds: readonly number[],
): Promise<readonly (readonly StoredKey[])[]> {
  const statement = keysByUser[hasOwnTables ? 'withOwn' : 'without'];
  const rows = await reads.run((queries) => statement.find(queries, [...new Set(userIds)]));
  // Sorted here: a database would sort the keys of all together, and for that perhaps read a whole table in order.
  const keys = rows.map((row) => toStoredKey(row, panel.clock)).sort((a, b) => a.id - b.id);
  const byUser = Map.groupBy(keys, (key) => key.userId);
  return userIds.map((userId) => byUser.get(userId) ?? []);
}
