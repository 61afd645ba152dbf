import { hash, timingSafeEqual } from 'node:crypto';
import type { Actor } from '../audit/activity.ts';
import { identifierLength } from '../auth/bearer.ts';
import type { Queries } from '../database/database.ts';
import { DecryptError } from '../panel/encrypter.ts';
import { randomAlphanumeric } from '../panel/random.ts';
import type { Services } from '../services.ts';
import { type DeletableKey, deleteKeysWithin } from './delete-keys.ts';

/** Keys tried with one statement, so that its size is bounded. */
const batchSize = 100;
/** Every key of either panel: nothing else is looked for, as some databases cannot even compare it. */
const keyPattern = /^[A-Za-z0-9_]{48}$/;

/**
 * Revokes keys that have leaked: whoever holds a key may end it, whosever it is and whatever it may do.
 *
 * @param keys Full keys of 48 characters; what has characters that no key has is none.
 * @returns For each of them, in order, whether it was real and is revoked now.
 */
export type RevokeLeaked = (actor: Actor, keys: readonly string[]) => Promise<readonly boolean[]>;

interface Candidate extends DeletableKey {
  readonly token: string;
}

export function createRevokeLeaked(services: Services): RevokeLeaked {
  const { database, panel, encrypter } = services;
  // Opened for keys that are not there, so that they take as much work as the others.
  let decoy: string | null = null;
  return async (actor, keys) => {
    decoy ??= panel.sealSecret(encrypter, randomAlphanumeric(32));
    const standIn = decoy;
    const distinct = [...new Set(keys)];
    const revoked = new Set<string>();
    for (let start = 0; start < distinct.length; start += batchSize) {
      const batch = distinct.slice(start, start + batchSize);
      const found = await findCandidates(database.queries, batch);
      const real = batch.map((key) => realKey(services, found, key, standIn));
      const doomed = [...new Set(real.filter((key) => key !== null))].sort((a, b) => a.id - b.id);
      const deleted = await database.transaction((queries) =>
        deleteKeysWithin(services, queries, actor, doomed),
      );
      batch.forEach((key, index) => {
        if (deleted.some((candidate) => candidate === real[index])) revoked.add(key);
      });
    }
    return keys.map((key) => revoked.has(key));
  };
}

async function findCandidates(
  queries: Queries,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Candidate>> {
  const possible = keys.filter((key) => keyPattern.test(key));
  if (possible.length === 0) return new Map();
  const identifiers = [...new Set(possible.map((key) => key.slice(0, identifierLength)))];
  const rows = await queries
    .selectFrom('api_keys')
    .select(['id', 'user_id as userId', 'identifier', 'token'])
    .where('identifier', 'in', identifiers)
    // A key without an owner works nowhere.
    .where('user_id', 'is not', null)
    .execute();
  return new Map(rows.map((row) => [row.identifier ?? '', row]));
}

/** The stored key that a full key is, or null. */
function realKey(
  { panel, encrypter }: Services,
  found: ReadonlyMap<string, Candidate>,
  key: string,
  decoy: string,
): Candidate | null {
  const candidate = found.get(key.slice(0, identifierLength)) ?? null;
  let secret: string | null = null;
  try {
    secret = panel.openSecret(encrypter, candidate?.token ?? decoy);
  } catch (error) {
    if (!(error instanceof DecryptError)) throw error;
  }
  const sent = hash('sha256', key.slice(identifierLength), 'buffer');
  const isSame = timingSafeEqual(hash('sha256', secret ?? '', 'buffer'), sent);
  return isSame && secret !== null ? candidate : null;
}
