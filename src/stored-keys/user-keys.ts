import { type ApiError, notFound } from '../api-error.ts';
import type { Settings } from '../config/settings.ts';
import type { Database, Queries } from '../database/database.ts';
import { classifyFailure } from '../database/errors.ts';
import { invalid } from '../input/invalid.ts';
import type { Panel } from '../panel/panel.ts';
import { QueuePerKey } from './queue-per-key.ts';
import { type StoredKey, selectKeys, toStoredKey } from './stored-key.ts';

/** A user's keys, held against everyone else who would change them. */
export interface HeldKeys {
  readonly queries: Queries;
  readonly keys: readonly StoredKey[];
}

interface UserKeysParts {
  readonly settings: Settings;
  readonly database: Database;
  readonly panel: Panel;
  readonly hasOwnTables: boolean;
}

/**
 * Changes to the keys of one user, one at a time.
 *
 * The user is locked in the database first, so that the rules see every key that could break them, whatever
 * other processes do. Within this process they queue before that, as each would hold a connection only to
 * wait at the lock.
 */
export class UserKeys {
  readonly #parts: UserKeysParts;
  readonly #perUser: QueuePerKey<number>;

  constructor(parts: UserKeysParts) {
    this.#parts = parts;
    this.#perUser = new QueuePerKey(parts.settings.database.timeout_ms);
  }

  /**
   * Runs `work` in a transaction that holds the user. It may run more than once.
   *
   * @throws ApiError 404 for a user who was deleted meanwhile, 422 for a description the database can't store.
   *   DatabaseUnavailableError where other changes for this user take too long.
   */
  change<Result>(userId: number, work: (held: HeldKeys) => Promise<Result>): Promise<Result> {
    return this.#perUser.run(userId, async () => {
      try {
        return await this.#holding(userId, work);
      } catch (error) {
        const failure = classifyFailure(error);
        if (failure === 'orphan') throw notFound();
        if (failure === 'unstorable') throw unstorableDescription();
        throw error;
      }
    });
  }

  #holding<Result>(userId: number, work: (held: HeldKeys) => Promise<Result>): Promise<Result> {
    const { database, panel, hasOwnTables } = this.#parts;
    return database.transaction(async (queries) => {
      await database.lockUser(queries, userId);
      const rows = await selectKeys(queries, hasOwnTables).where('k.user_id', '=', userId).execute();
      return work({ queries, keys: rows.map((row) => toStoredKey(row, panel.clock)) });
    });
  }
}

/** Of what a key's row is made of, the description alone is free text. */
function unstorableDescription(): ApiError {
  return invalid('description', 'regex', 'The description format is invalid.');
}

/** The key of exactly this identifier. @throws ApiError 404 */
export function keyNamed({ keys }: HeldKeys, identifier: string): StoredKey {
  const key = keys.find((candidate) => candidate.identifier === identifier);
  if (key === undefined) throw notFound();
  return key;
}
