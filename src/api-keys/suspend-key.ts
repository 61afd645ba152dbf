import { accessDenied, conflict } from '../api-error.ts';
import { keyChanged } from '../audit/activity.ts';
import type { Services } from '../services.ts';
import { isRotatedOut, type StoredKey } from '../stored-keys/stored-key.ts';
import { keyNamed } from '../stored-keys/user-keys.ts';
import { type ApiKeyResource, type ExtraField, toApiKey } from './api-key.ts';
import { exceedsCaller, type KeyCaller } from './caller-bounds.ts';
import { saveKey } from './change-key.ts';
import { beyondCaller } from './create-key.ts';

/** Disables or enables a key and answers with it; doing it twice changes nothing. @throws ApiError 404, 409, 403 */
export type SuspendKey = (
  caller: KeyCaller,
  userId: number,
  identifier: string,
  action: 'disable' | 'enable',
  fields: ReadonlySet<ExtraField>,
) => Promise<ApiKeyResource>;

export function createSuspendKey(services: Services): SuspendKey {
  const { panel, activityLog, userKeys } = services;
  return (caller, userId, identifier, action, fields) =>
    userKeys.change(userId, async (held) => {
      const key = keyNamed(held, identifier);
      const isDisabled = action === 'disable';
      if (!isDisabled) checkMayEnable(caller, key);
      // Who disabled their own key first must not be able to undo that it was suspended afterwards.
      const isDisabledByAdmin = isDisabled && (caller.bounds.writesUsers || key.own.isDisabledByAdmin);
      const isSame = key.own.isDisabled === isDisabled && key.own.isDisabledByAdmin === isDisabledByAdmin;
      if (isSame) return toApiKey(key, panel.clock, fields);
      const saved = await saveKey(services, held.queries, {
        ...key,
        own: { ...key.own, isDisabled, isDisabledByAdmin },
      });
      await activityLog.appendWithin(held.queries, keyChanged(caller.actor, action, userId, identifier));
      return toApiKey(saved, panel.clock, fields);
    });
}

/** Who suspended a customer's key must not see the customer undo it. */
function checkMayEnable({ bounds }: KeyCaller, key: StoredKey): void {
  if (isRotatedOut(key)) throw conflict('This key has been replaced and cannot be enabled any more.');
  if (key.own.isDisabledByAdmin && !bounds.writesUsers) throw accessDenied('This action is unauthorized.');
  if (key.own.isDisabled && exceedsCaller(bounds, key)) throw beyondCaller();
}
