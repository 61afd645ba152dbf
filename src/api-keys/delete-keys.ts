import { validationFailed } from '../api-error.ts';
import { type Actor, keyDeleted } from '../audit/activity.ts';
import type { Queries } from '../database/database.ts';
import type { Services } from '../services.ts';
import { keyNamed } from '../stored-keys/user-keys.ts';
import type { KeyCaller } from './caller-bounds.ts';
import { deleteOwnFacts } from './own-row.ts';

/** What is needed of a key to delete it. */
export interface DeletableKey {
  readonly id: number;
  readonly userId: number;
  readonly identifier: string | null;
}

/**
 * Deletes keys in the caller's transaction, each with its activity; they stop working with the commit. One
 * that someone else has deleted meanwhile is left to them.
 *
 * @returns Those that were deleted here.
 */
export async function deleteKeysWithin<Key extends DeletableKey>(
  { activityLog, outbox, hasOwnTables }: Services,
  queries: Queries,
  actor: Actor,
  keys: readonly Key[],
): Promise<readonly Key[]> {
  const deleted: Key[] = [];
  for (const key of keys) {
    const { numDeletedRows } = await queries
      .deleteFrom('api_keys')
      .where('id', '=', key.id)
      .executeTakeFirstOrThrow();
    if (numDeletedRows === 0n) continue;
    await activityLog.appendWithin(queries, keyDeleted(actor, key.userId, key.identifier ?? ''));
    deleted.push(key);
  }
  if (deleted.length === 0) return deleted;
  if (hasOwnTables)
    await deleteOwnFacts(
      queries,
      deleted.map(({ id }) => id),
    );
  const events = deleted.map(({ identifier, userId }) => ({
    ...({ type: 'revoked', userId } as const),
    identifier: identifier ?? '',
  }));
  await outbox.enqueueWithin(queries, events);
  return deleted;
}

/** Deletes one of a user's account keys. @throws ApiError 404 */
export type DeleteKey = (caller: KeyCaller, userId: number, identifier: string) => Promise<void>;

export function createDeleteKey(services: Services): DeleteKey {
  return (caller, userId, identifier) =>
    services.userKeys.change(userId, async (held) => {
      const key = keyNamed(held, identifier);
      await deleteKeysWithin(services, held.queries, caller.actor, [key]);
    });
}

/** Which of a user's keys to revoke. */
export interface RevokeInput {
  readonly all: true;
  /** Identifiers of keys to keep. */
  readonly except?: readonly string[];
}

/** Deletes all of a user's account keys but the excepted, and answers with the identifiers of the deleted. */
export type RevokeKeys = (
  caller: KeyCaller,
  userId: number,
  input: RevokeInput,
) => Promise<readonly string[]>;

export function createRevokeKeys(services: Services): RevokeKeys {
  return (caller, userId, { except = [] }) =>
    services.userKeys.change(userId, async (held) => {
      const known = new Set(held.keys.map(({ identifier }) => identifier));
      const unknown = except.flatMap((identifier, index) => (known.has(identifier) ? [] : [index]));
      if (unknown.length > 0) throw unknownExceptions(unknown);
      const doomed = held.keys.filter(({ identifier }) => !except.includes(identifier ?? ''));
      const deleted = await deleteKeysWithin(services, held.queries, caller.actor, doomed);
      return deleted.map(({ identifier }) => identifier ?? '');
    });
}

function unknownExceptions(indexes: readonly number[]) {
  return validationFailed(
    indexes.map((index) => ({
      field: `except.${index}`,
      rule: 'exists',
      detail: `The selected except.${index} is invalid.`,
    })),
  );
}
