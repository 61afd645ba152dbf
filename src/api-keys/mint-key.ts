import type { Queries } from '../database/database.ts';
import { noOwnFacts, type OwnKeyFacts } from '../panel/own-key.ts';
import { randomAlphanumeric } from '../panel/random.ts';
import type { Services } from '../services.ts';
import type { StoredKey } from '../stored-keys/stored-key.ts';
import { newKeyRow } from './new-key-row.ts';
import { saveOwnFacts } from './own-row.ts';

const identifierSuffixLength = 11;
const secretLength = 32;

/** What a new key is made with, every rule passed. */
export interface KeyContent {
  readonly memo: string;
  /** JSON text. */
  readonly allowedIps: string | null;
  readonly expiresAt: Date | null;
  readonly own: Omit<OwnKeyFacts, 'expiresAt' | 'isDisabled' | 'isDisabledByAdmin' | 'rotatedTo'>;
}

/** A key just made, with the secret that is shown this once. */
export interface MintedKey {
  readonly key: StoredKey;
  readonly secret: string;
}

/** Mints a key for a user in the caller's transaction, stored as the panel stores its own. */
export async function mintKey(
  { panel, database, encrypter, hasOwnTables }: Services,
  queries: Queries,
  userId: number,
  { memo, allowedIps, expiresAt, own }: KeyContent,
): Promise<MintedKey> {
  const secret = randomAlphanumeric(secretLength);
  const identifier = panel.accountKeyPrefix + randomAlphanumeric(identifierSuffixLength);
  const toStore = { identifier, secret, description: memo, allowedIps, expiresAt };
  const row = newKeyRow(panel, encrypter, userId, toStore, panel.clock.toColumn(new Date()));
  const id = await database.insertRow(queries, 'api_keys', row);
  const facts: OwnKeyFacts = { ...noOwnFacts, ...own, expiresAt };
  if (hasOwnTables) await saveOwnFacts(queries, { id, identifier }, facts);
  const key: StoredKey = {
    ...{ id, userId, identifier, memo, expiresAt, lastUsedAt: null, own: facts },
    ...{ allowedIps: row.allowed_ips, createdAt: row.created_at },
  };
  return { key, secret };
}
