import { notFound } from '../api-error.ts';
import { type Actor, keyDeleted } from '../audit/activity.ts';
import type { Queries } from '../database/database.ts';
import { accountKeyType } from '../panel/panel.ts';
import type { Services } from '../services.ts';

/**
 * Deletes one of a user's account keys; it stops working at once.
 *
 * @throws ApiError 404 where the user has no account key of exactly this identifier.
 */
export type DeleteKey = (actor: Actor, userId: number, identifier: string) => Promise<void>;

export function createDeleteKey({ database, activityLog }: Services): DeleteKey {
  return (actor, userId, identifier) =>
    database.transaction(async (queries) => {
      const id = await findKey(queries, userId, identifier);
      if (id === null) throw notFound();
      const { numDeletedRows } = await queries
        .deleteFrom('api_keys')
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      // Someone else was quicker; their deletion is recorded, this one did not happen.
      if (numDeletedRows === 0n) throw notFound();
      await activityLog.appendWithin(queries, keyDeleted(actor, userId, identifier));
    });
}

async function findKey(queries: Queries, userId: number, identifier: string): Promise<number | null> {
  const rows = await queries
    .selectFrom('api_keys')
    .select(['id', 'identifier'])
    .where('user_id', '=', userId)
    .where('key_type', '=', accountKeyType)
    .where('identifier', '=', identifier)
    .execute();
  // MySQL compares without regard to case.
  return rows.find((row) => row.identifier === identifier)?.id ?? null;
}
