import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { OperatorError } from '../operator-error.ts';
import { DecryptError, type Encrypter } from '../panel/encrypter.ts';
import type { Panel } from '../panel/panel.ts';

/** Newest keys tried; some may be older than a change of APP_KEY. */
const keysTried = 20;

/** What trying APP_KEY on stored keys showed. */
export type AppKeyCheck = 'opens' | 'does-not-open' | 'no-keys';

/** Tries whether APP_KEY opens the secrets of the newest stored keys. */
export async function checkAppKey(
  database: Database,
  panel: Panel,
  encrypter: Encrypter,
): Promise<AppKeyCheck> {
  const rows = await database.queries
    .selectFrom('api_keys')
    .select('token')
    .orderBy('id', 'desc')
    .limit(sql.lit(keysTried))
    .execute();
  if (rows.length === 0) return 'no-keys';
  return rows.some(({ token }) => opens(panel, encrypter, token)) ? 'opens' : 'does-not-open';
}

function opens(panel: Panel, encrypter: Encrypter, token: string): boolean {
  try {
    panel.openSecret(encrypter, token);
    return true;
  } catch (error) {
    if (error instanceof DecryptError) return false;
    throw error;
  }
}

/**
 * Refuses to go on with an APP_KEY that opens none of the stored keys: every caller would be refused, and
 * keys made here would not work in the panel.
 *
 * @throws OperatorError
 */
export async function requireAppKey(database: Database, panel: Panel, encrypter: Encrypter): Promise<void> {
  if ((await checkAppKey(database, panel, encrypter)) !== 'does-not-open') return;
  throw new OperatorError(
    "APP_KEY does not open the stored API keys: use the panel's own, and put older ones in APP_PREVIOUS_KEYS",
  );
}
