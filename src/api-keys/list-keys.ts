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
import { everyKey, type KeyFilter, matchesFilter } from './key-filter.ts';

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
  const { panel, activityLog, settings } = services;
  const [together, apart] = [readTogether(services), readApart(services)];
  return {
    read: (userId) => (services.reads.hasReplica ? apart(userId) : together(userId)),
    async show(actor, { id, keys }, filter, fields) {
      const now = new Date();
      const shown = filter === everyKey ? keys : keys.filter((key) => matchesFilter(key, filter, now));
      if (settings.audit.views) await activityLog.append(keysViewed(actor, id, shown.length));
      return shown.map((key) => toApiKey(key, panel.clock, fields));
    },
  };
}

/** Users and keys in one statement. */
function readTogether({ database, panel, hasOwnTables }: Services): KeyLists['read'] {
  const statement = new SizedStatement((queries: Queries, userIds: readonly number[]) =>
    selectHolders(queries, hasOwnTables)
      .select(panel.adminFlagOf('t').as('is_admin'))
      .where('t.id', 'in', userIds),
  );
  const holders = new Batcher(async (userIds: readonly number[]) => {
    const rows = await statement.find(database.queries, [...new Set(userIds)]);
    const found = new Map<number, KeyHolder & { readonly keys: StoredKey[] }>();
    for (const row of oldestFirst(rows)) {
      const holder = found.get(row.holder_id) ?? { id: row.holder_id, isAdmin: row.is_admin === 1, keys: [] };
      found.set(row.holder_id, holder);
      if (isKeyRow(row)) holder.keys.push(toStoredKey(row, panel.clock));
    }
    return userIds.map((id) => found.get(id) ?? null);
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
    const keys = oldestFirst(rows).map((row) => toStoredKey(row, panel.clock));
    const byUser = Map.groupBy(keys, (key) => key.userId);
    return userIds.map((id) => byUser.get(id) ?? []);
  });
  return async (userId) => {
    const [user, keys] = await Promise.all([users.load(userId), keysOf.load(userId)]);
    return user === null ? null : { ...user, keys };
  };
}

/** Sorted here: a database would sort the keys of all together, and for that perhaps read a whole table in order. */
function oldestFirst<Row extends { readonly id: number | null }>(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted((a, b) => (a.id ?? 0) - (b.id ?? 0));
}
