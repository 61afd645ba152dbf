import { notFound } from '../api-error.ts';
import { type Actor, keyViewed } from '../audit/activity.ts';
import type { Services } from '../services.ts';
import { selectKeys, toStoredKey } from '../stored-keys/stored-key.ts';
import { type ApiKeyResource, type ExtraField, toApiKey } from './api-key.ts';

/** Answers with one key of a user, once the view is recorded. @throws ApiError 404 */
export type GetKey = (
  actor: Actor,
  userId: number,
  identifier: string,
  fields: ReadonlySet<ExtraField>,
) => Promise<ApiKeyResource>;

export function createGetKey({ database, panel, hasOwnTables, activityLog, settings }: Services): GetKey {
  return async (actor, userId, identifier, fields) => {
    const rows = await selectKeys(database.queries, hasOwnTables)
      .where('k.user_id', '=', userId)
      .where('k.identifier', '=', identifier)
      .execute();
    // MySQL compares without regard to case.
    const row = rows.find((candidate) => candidate.identifier === identifier);
    if (row === undefined) throw notFound();
    if (settings.audit.views) await activityLog.append(keyViewed(actor, userId, identifier));
    return toApiKey(toStoredKey(row, panel.clock), panel.clock, fields);
  };
}
