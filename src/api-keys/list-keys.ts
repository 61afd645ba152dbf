import { sql } from 'kysely';
import { type Actor, keysViewed } from '../audit/activity.ts';
import { Batcher } from '../database/batcher.ts';
import type { Queries } from '../database/database.ts';
import { SizedStatement } from '../database/sized-statement.ts';
import type { Services } from '../services.ts';
import {
  isKeyRow,
  type KeyHolder,
  type StoredKey,
  selectHolders,
  selectKeys,
  toStoredKey,
} from '../stored-keys/stored-key.ts';
import { type ApiKeyResource, type ExtraField, toApiKey } from './api-key.ts';
import { type KeyFilter, matchesFilter } from './key-filter.ts';

/** Lists of a user's keys; those that are asked for at the same time share a round trip. */
export interface KeyLists {
  /** Reads a user and their account keys; null where there is no such user. */
  read(userId: number): Promise<KeyHolder | null>;
  /** Shows those that a caller asks for, once the view is recorded. */
  show(
    actor: Actor,
    holder: Pick<KeyHolder, 'id' | 'keys'>,
    filter: KeyFilter,
    fields: ReadonlySet<ExtraField>,
  ): Promise<readonly ApiKeyResource[]>;
}

/** Makes the lists. */
export function createKeyLists(services: Services): KeyLists {
  const { panel, activityLog, settings, reads } = services;
  return {
    read: reads.hasReplica ? readApart(services) : readTogether(services),
    async show(actor, { id, keys }, filter, fields) {
      const now = new Date();
      const shown = keys.filter((key) => matchesFilter(key, filter, now));
      if (settings.audit.views) await activityLog.append(keysViewed(actor, id, shown.length));
      return shown.map((key) => toApiKey(key, panel.clock, fields));
    },
  };
}

/** Users and keys in one statement. */
function readTogether({ database, panel, hasOwnTables }: Services): KeyLists['read'] {
  const statement = new SizedStatement((queries: Queries, userIds: readonly number[]) =>
    selectHolders(queries, hasOwnTables)
      .select(panel.adminFlag(sql.ref('t.id')).as('is_admin'))
      .where('t.id', 'in', userIds),
  );
  const holders = new Batcher(async (userIds: readonly number[]) => {
    const rows = await statement.find(database.queries, [...new Set(userIds)]);
    const byUser = Map.groupBy(rows, (row) => row.holder_id);
    return userIds.map((id) => {
      const own = byUser.get(id);
      const [first] = own ?? [];
      if (own === undefined || first === undefined) return null;
      const keys = own.filter(isKeyRow).map((row) => toStoredKey(row, panel.clock));
      return { id, isAdmin: first.is_admin === 1, keys: oldestFirst(keys) };
    });
  });
  return (userId) => holders.load(userId);
}

/** Keys from the replica, and users from the primary: who may be reached is not for one that is behind to say. */
function readApart({ users, reads, panel, hasOwnTables }: Services): KeyLists['read'] {
  const statement = new SizedStatement((queries: Queries, userIds: readonly number[]) =>
    selectKeys(queries, hasOwnTables).where('k.user_id', 'in', userIds),
  );
  const keysOf = new Batcher(async (userIds: readonly number[]) => {
    const rows = await reads.run((queries) => statement.find(queries, [...new Set(userIds)]));
    const byUser = Map.groupBy(rows, (row) => row.user_id);
    return userIds.map((id) =>
      oldestFirst((byUser.get(id) ?? []).map((row) => toStoredKey(row, panel.clock))),
    );
  });
  return async (userId) => {
    const [user, keys] = await Promise.all([users.load(userId), keysOf.load(userId)]);
    return user === null ? null : { ...user, keys };
  };
}

/** Sorted here: a database would sort the keys of all together, and for that perhaps read a whole table in order. */
function oldestFirst(keys: StoredKey[]): readonly StoredKey[] {
  return keys.sort((a, b) => a.id - b.id);
}
