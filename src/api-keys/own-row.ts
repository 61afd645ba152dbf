import type { Queries } from '../database/database.ts';
import type { OwnKeyFacts } from '../panel/own-key.ts';
import type { StoredKey } from '../stored-keys/stored-key.ts';

/** Facts that make a row necessary. */
function saysAnything(facts: OwnKeyFacts): boolean {
  const { permissions, servers, expiresAt, reference, rotatedFrom, rotatedTo, isDisabled } = facts;
  const values = [permissions, servers, expiresAt, reference, rotatedFrom, rotatedTo];
  return isDisabled || values.some((value) => value !== null);
}

/**
 * Writes what the own tables say of a key, as a part of the caller's transaction. A row left by a deleted key
 * whose id this one got is replaced.
 *
 * Only a row that is there is deleted: InnoDB would lock the gap in which a missing one would stand, and two
 * transactions that did so before they insert would wait for each other.
 */
export async function saveOwnFacts(
  queries: Queries,
  key: Pick<StoredKey, 'id' | 'identifier'>,
  facts: OwnKeyFacts,
): Promise<void> {
  const before = await queries
    .selectFrom('sidecar_keys')
    .select('api_key_id')
    .where('api_key_id', '=', key.id)
    .executeTakeFirst();
  if (before !== undefined) await deleteOwnFacts(queries, [key.id]);
  if (!saysAnything(facts)) return;
  await queries
    .insertInto('sidecar_keys')
    .values({
      api_key_id: key.id,
      identifier: key.identifier ?? '',
      permissions: facts.permissions === null ? null : JSON.stringify(facts.permissions),
      servers: facts.servers === null ? null : JSON.stringify(facts.servers),
      reference: facts.reference,
      expires_at: facts.expiresAt?.getTime() ?? null,
      disabled_at: facts.isDisabled ? Date.now() : null,
      disabled_by_admin: facts.isDisabledByAdmin ? 1 : 0,
      rotated_from: facts.rotatedFrom,
      rotated_to: facts.rotatedTo,
    })
    .execute();
}

/** Removes what the own tables say of a key, with the key. */
export async function deleteOwnFacts(queries: Queries, keyIds: readonly number[]): Promise<void> {
  await queries.deleteFrom('sidecar_keys').where('api_key_id', 'in', keyIds).execute();
}
