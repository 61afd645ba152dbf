import { sql } from 'kysely';
import type { Services } from '../services.ts';
import { type StoredKey, selectKeys, toStoredKey } from '../stored-keys/stored-key.ts';

/** An account key with what long looks at all keys want to know of its owner. */
export interface OwnedKey extends StoredKey {
  readonly username: string;
  readonly ownerIsAdmin: boolean;
}

/** Keys read with one statement. */
const batchSize = 500;

/**
 * Every account key in order of id, a batch at a time, so that any number of them takes the same memory.
 * Keys may come and go meanwhile; one that is deleted after it was read is simply not there any more.
 */
export async function* eachKey(services: Services): AsyncGenerator<readonly OwnedKey[]> {
  let after = 0;
  for (;;) {
    const keys = await keysAfter(services, after);
    const last = keys.at(-1);
    if (last === undefined) return;
    yield keys;
    after = last.id;
  }
}

async function keysAfter(
  { database, panel, hasOwnTables }: Services,
  after: number,
): Promise<readonly OwnedKey[]> {
  const rows = await selectKeys(database.queries, hasOwnTables)
    .innerJoin('users as u', 'u.id', 'k.user_id')
    .select(['u.username', panel.adminFlag(sql.ref('k.user_id')).as('owner_is_admin')])
    .where('k.id', '>', after)
    .orderBy('k.id')
    .limit(sql.lit(batchSize))
    .execute();
  return rows.map((row) => ({
    ...toStoredKey(row, panel.clock),
    username: row.username,
    ownerIsAdmin: Number(row.owner_is_admin) === 1,
  }));
}

const dayMs = 24 * 60 * 60 * 1000;

/** Whether a key has not been used for so many days, nor been made since. */
export function isUnusedFor(
  { lastUsedAt, createdAt }: StoredKey,
  days: number,
  { panel }: Pick<Services, 'panel'>,
  now: Date,
): boolean {
  const last = lastUsedAt ?? createdAt;
  return last !== null && panel.clock.fromColumn(last).getTime() < now.getTime() - days * dayMs;
}

/** Whether a key was made more than so many days ago. */
export function isOlderThan(
  { createdAt }: StoredKey,
  days: number,
  { panel }: Pick<Services, 'panel'>,
  now: Date,
): boolean {
  return createdAt !== null && panel.clock.fromColumn(createdAt).getTime() < now.getTime() - days * dayMs;
}
