import { notFound } from '../api-error.ts';
import type { Queries } from '../database/database.ts';
import type { Services } from '../services.ts';
import { QueuePerKey } from './queue-per-key.ts';
import { type StoredKey, selectKeys, toStoredKey } from './stored-key.ts';

/** A user's keys, held against everyone else who would change them. */
export interface HeldKeys {
  readonly queries: Queries;
  readonly keys: readonly StoredKey[];
}

/**
 * Changes to the keys of one user, one at a time.
 *
 * The user is locked in the database first, so that the rules see every key that could break them, whatever
 * other processes do. Within this process they queue before that, as each would hold a connection only to
 * wait at the lock.
 */
export class UserKeys {
  readonly #services: Pick<Services, 'database' | 'panel' | 'hasOwnTables'>;
  readonly #perUser = new QueuePerKey<number>();

  constructor(services: Pick<Services, 'database' | 'panel' | 'hasOwnTables'>) {
    this.#services = services;
  }

  /** Runs `work` in a transaction that holds the user. It may run more than once. */
  change<Result>(userId: number, work: (held: HeldKeys) => Promise<Result>): Promise<Result> {
    const { database, panel, hasOwnTables } = this.#services;
    return this.#perUser.run(userId, () =>
      database.transaction(async (queries) => {
        await database.lockUser(queries, userId);
        const rows = await selectKeys(queries, hasOwnTables).where('k.user_id', '=', userId).execute();
        return work({ queries, keys: rows.map((row) => toStoredKey(row, panel.clock)) });
      }),
    );
  }
}

/** The key of exactly this identifier. @throws ApiError 404 */
export function keyNamed({ keys }: HeldKeys, identifier: string): StoredKey {
  const key = keys.find((candidate) => candidate.identifier === identifier);
  if (key === undefined) throw notFound();
  return key;
}
