import { conflict, notFound } from '../api-error.ts';
import type { Services } from '../services.ts';
import { hasEnded, isRotatedOut, type StoredKey } from '../stored-keys/stored-key.ts';
import { type HeldKeys, keyNamed } from '../stored-keys/user-keys.ts';
import { exceedsCaller, type KeyCaller } from './caller-bounds.ts';
import { saveKey } from './change-key.ts';
import { beyondCaller, type Creation, type CreationOptions, mintOnce, recordMinted } from './create-key.ts';
import { deleteKeysWithin } from './delete-keys.ts';
import { mintKey } from './mint-key.ts';

/** Most keys of a user that live on beside their successors: they count for no other limit. */
const mostRotatedOut = 20;

/**
 * Replaces a key by a new one with the same settings; the old one lives on for `graceSeconds`, never longer
 * than it would have.
 *
 * @throws ApiError 404, 409 for a key that is disabled, has ended or has been replaced, or where too many others
 *   have been, 403
 */
export type RotateKey = (
  caller: KeyCaller,
  userId: number,
  identifier: string,
  graceSeconds: number,
  options: CreationOptions,
) => Promise<Creation>;

export function createRotateKey(services: Services): RotateKey {
  return (caller, userId, identifier, graceSeconds, options) =>
    mintOnce(services, userId, options, async (held) => {
      const old = keyNamed(held, identifier);
      checkRotatable(caller, old, new Date());
      if (graceSeconds > 0) checkRoom(held);
      const { permissions, servers, reference } = old.own;
      const minted = await mintKey(services, held.queries, userId, {
        // The panel refuses every use of a key without a description.
        memo: old.memo || identifier,
        allowedIps: old.allowedIps,
        expiresAt: old.expiresAt,
        own: { permissions, servers, reference, rotatedFrom: identifier },
      });
      await recordMinted(services, held, caller, minted, 'rotated', { rotated_from: identifier });
      await retire(services, held, caller, old, minted.key.identifier ?? '', graceSeconds);
      return minted;
    });
}

function checkRotatable({ bounds }: KeyCaller, key: StoredKey, now: Date): void {
  if (isRotatedOut(key)) throw conflict('This key has been replaced already.');
  if (key.own.isDisabled) throw conflict('This key is disabled: enable it first.');
  if (hasEnded(key, now)) throw conflict('This key has expired.');
  if (exceedsCaller(bounds, key)) throw beyondCaller();
}

/** What has ended but is not deleted yet counts too. @throws ApiError 409 */
function checkRoom({ keys }: HeldKeys): void {
  if (keys.filter(isRotatedOut).length < mostRotatedOut) return;
  throw conflict(
    `This user has ${mostRotatedOut} replaced keys whose grace has not ended: revoke one of them, or rotate without a grace.`,
  );
}

/**
 * Gives the old key its end. Without a grace it is gone at once.
 *
 * @throws ApiError 404 where it has been deleted meanwhile: a key that was revoked gets no successor.
 */
async function retire(
  services: Services,
  { queries }: HeldKeys,
  { actor }: KeyCaller,
  old: StoredKey,
  successor: string,
  graceSeconds: number,
): Promise<void> {
  if (graceSeconds === 0) {
    const deleted = await deleteKeysWithin(services, queries, actor, [old]);
    if (deleted.length === 0) throw notFound();
    return;
  }
  const graceEnd = new Date(Date.now() + graceSeconds * 1000);
  const expiresAt = old.expiresAt !== null && old.expiresAt < graceEnd ? old.expiresAt : graceEnd;
  await saveKey(services, queries, { ...old, expiresAt, own: { ...old.own, rotatedTo: successor } });
}
