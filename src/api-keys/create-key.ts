import { type ApiError, displayError, notFound, validationFailed } from '../api-error.ts';
import { type Actor, keyCreated } from '../audit/activity.ts';
import type { Settings } from '../config/settings.ts';
import type { Queries } from '../database/database.ts';
import { classifyFailure } from '../database/errors.ts';
import { trimInput } from '../input/trim.ts';
import { accountKeyType } from '../panel/panel.ts';
import { randomAlphanumeric } from '../panel/random.ts';
import type { Services } from '../services.ts';
import { type AllowedIps, type ApiKeyResource, toApiKey } from './api-key.ts';
import { newKeyRow } from './new-key-row.ts';
import { QueuePerKey } from './queue-per-key.ts';

/** What a caller decides about a new key; checked against `newKeySchema` before. */
export interface NewKey {
  readonly description: string;
  readonly allowed_ips?: AllowedIps;
}

/** A key just made, with the secret that is shown this once. */
export interface CreatedKey {
  readonly key: ApiKeyResource;
  readonly secret: string;
}

/**
 * Makes an account key for a user.
 *
 * @throws ApiError 422 for a description the user already has or the database can't store, 400 at the limit of
 *   keys, 404 for a user who was deleted meanwhile. DatabaseUnavailableError where other requests for this user
 *   take too long.
 */
export type CreateKey = (actor: Actor, userId: number, input: NewKey) => Promise<CreatedKey>;

const identifierSuffixLength = 11;
const secretLength = 32;
/** Identifiers are random: two equal ones are rare, three in a row mean that something else is wrong. */
const identifierAttempts = 3;

export function createCreateKey(services: Services): CreateKey {
  const { database, settings } = services;
  // One at a time per user here: they would only queue at the user's row, each holding a connection.
  const perUser = new QueuePerKey<number>(settings.database.timeout_ms);
  return (actor, userId, input) =>
    perUser.run(userId, async () => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await database.transaction((queries) => insertKey(services, queries, actor, userId, input));
        } catch (error) {
          const failure = classifyFailure(error);
          if (failure === 'orphan') throw notFound();
          if (failure === 'unstorable') throw unstorableDescription();
          if (failure !== 'duplicate' || attempt === identifierAttempts) throw error;
        }
      }
    });
}

/**
 * The user's row is held first, so that the rules see every key that could break them, whatever other
 * processes do. Key and activity are in one transaction: neither is ever there without the other.
 */
async function insertKey(
  { panel, database, encrypter, activityLog, settings }: Services,
  queries: Queries,
  actor: Actor,
  userId: number,
  input: NewKey,
): Promise<CreatedKey> {
  await database.lockUser(queries, userId);
  checkRules(settings.api_key, input, await descriptionsOf(queries, userId));
  const secret = randomAlphanumeric(secretLength);
  const now = panel.clock.toColumn(new Date());
  const identifier = panel.accountKeyPrefix + randomAlphanumeric(identifierSuffixLength);
  const { description, allowed_ips: allowedIps = [] } = input;
  const row = newKeyRow(panel, encrypter, userId, { identifier, secret, description, allowedIps }, now);
  const id = await database.insertRow(queries, 'api_keys', row);
  const key = { id, identifier };
  await activityLog.appendWithin(queries, keyCreated(actor, userId, key));
  return { key: toApiKey({ ...row, last_used_at: null }, panel.clock), secret };
}

async function descriptionsOf(queries: Queries, userId: number): Promise<readonly (string | null)[]> {
  const rows = await queries
    .selectFrom('api_keys')
    .select('memo')
    .where('user_id', '=', userId)
    .where('key_type', '=', accountKeyType)
    .execute();
  return rows.map(({ memo }) => memo);
}

function checkRules(
  { unique_description, max_keys_per_user }: Settings['api_key'],
  input: NewKey,
  taken: readonly (string | null)[],
): void {
  const wanted = comparable(input.description);
  if (unique_description && taken.some((memo) => memo !== null && comparable(memo) === wanted)) {
    const detail = 'You already have an API key with this description.';
    throw validationFailed([{ field: 'description', rule: 'unique', detail }]);
  }
  if (taken.length >= max_keys_per_user) {
    throw displayError(`This user has reached the limit of ${max_keys_per_user} API keys.`);
  }
}

/** Of what a key's row is made of, the description alone is free text. */
function unstorableDescription(): ApiError {
  const detail = 'The description format is invalid.';
  return validationFailed([{ field: 'description', rule: 'regex', detail }]);
}

/** Descriptions that a person would call the same compare equal, whatever the database's collation. */
function comparable(description: string): string {
  return trimInput(description.normalize('NFC')).toLowerCase();
}
