import { conflict, notFound } from '../api-error.ts';
import { keyChanged } from '../audit/activity.ts';
import type { Queries } from '../database/database.ts';
import type { OwnKeyFacts } from '../panel/own-key.ts';
import { phpJson } from '../panel/php-json.ts';
import type { Services } from '../services.ts';
import { isRotatedOut, type StoredKey } from '../stored-keys/stored-key.ts';
import { keyNamed } from '../stored-keys/user-keys.ts';
import { type AllowedIps, type ApiKeyResource, type ExtraField, toApiKey } from './api-key.ts';
import { checkAllowedIps, exceedsCaller, type KeyCaller, outlivesCaller } from './caller-bounds.ts';
import { beyondCaller, outlives } from './create-key.ts';
import { type EndInput, requestedEnd } from './key-end.ts';
import { KeyRules } from './key-rules.ts';
import { changedScope, type ScopeInput } from './key-scope.ts';
import { saveOwnFacts } from './own-row.ts';

/**
 * What the panel's column says of a key that is disabled: an end long past, so that the panel refuses the key
 * whatever a change of daylight-saving time does to the times it reads.
 */
export const disabledSince = new Date('1971-01-02T00:00:00Z');

/** What a caller changes of a key; absent fields stay. Checked against `keyChangeSchema` before. */
export interface KeyChange extends EndInput, ScopeInput {
  readonly description?: string;
  readonly allowed_ips?: AllowedIps | null;
  readonly reference?: string | null;
}

/** Changes a key and answers with it. @throws ApiError 404, 409, 422, 403 */
export type ChangeKey = (
  caller: KeyCaller,
  userId: number,
  identifier: string,
  change: KeyChange,
  fields: ReadonlySet<ExtraField>,
) => Promise<ApiKeyResource>;

export function createChangeKey(services: Services): ChangeKey {
  const { panel, settings, activityLog, userKeys, database } = services;
  return (caller, userId, identifier, change, fields) =>
    userKeys.change(userId, async (held) => {
      const key = keyNamed(held, identifier);
      if (isRotatedOut(key)) throw conflict('This key has been replaced and cannot be changed any more.');
      if (change.description !== undefined) {
        new KeyRules(settings.api_key, held.keys).checkDescription(change.description, key);
      }
      if (change.allowed_ips !== undefined) checkAllowedIps(caller.bounds, change.allowed_ips ?? []);
      const asked = requestedEnd(change, new Date(), database.latestTimestamp);
      if (asked !== undefined && outlivesCaller(caller.bounds, asked)) throw outlives(change);
      const changed: StoredKey = {
        ...key,
        memo: change.description ?? key.memo,
        allowedIps: change.allowed_ips === undefined ? key.allowedIps : phpJson(change.allowed_ips ?? []),
        expiresAt: asked === undefined ? key.expiresAt : asked,
        own: {
          ...key.own,
          ...changedScope(settings, caller.bounds, key.own, change),
          reference: change.reference === undefined ? key.own.reference : change.reference,
        },
      };
      if (exceedsCaller(caller.bounds, changed)) throw beyondCaller();
      const saved = await saveKey(services, held.queries, changed);
      await activityLog.appendWithin(
        held.queries,
        keyChanged(caller.actor, 'update', userId, identifier, describeChange(change, saved)),
      );
      return toApiKey(saved, panel.clock, fields);
    });
}

/** What of a change the activity log is told: which fields, and what the key is confined to now. */
function describeChange(change: KeyChange, { own }: StoredKey): Readonly<Record<string, unknown>> {
  const fields = Object.keys(change);
  return own.permissions === null ? { fields } : { fields, permissions: own.permissions };
}

/**
 * Writes both rows of a key, in the caller's transaction, and answers with the key as it is then.
 *
 * @throws ApiError 404 where the panel has deleted the key meanwhile.
 */
export async function saveKey({ panel }: Services, queries: Queries, key: StoredKey): Promise<StoredKey> {
  const own: OwnKeyFacts = { ...key.own, expiresAt: key.expiresAt };
  const end = own.isDisabled ? disabledSince : key.expiresAt;
  const { numUpdatedRows } = await queries
    .updateTable('api_keys')
    .set({
      memo: key.memo,
      allowed_ips: key.allowedIps,
      expires_at: end === null ? null : panel.clock.toColumn(end),
      updated_at: panel.clock.toColumn(new Date()),
    })
    .where('id', '=', key.id)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) throw notFound();
  await saveOwnFacts(queries, key, own);
  return { ...key, own };
}
