import { accessDenied } from '../api-error.ts';
import { keyCreated } from '../audit/activity.ts';
import { classifyFailure } from '../database/errors.ts';
import { type OnceRequest, RepeatedRequest } from '../idempotency/once.ts';
import { invalid } from '../input/invalid.ts';
import { phpJson } from '../panel/php-json.ts';
import type { Services } from '../services.ts';
import type { HeldKeys } from '../stored-keys/user-keys.ts';
import { type AllowedIps, type ApiKeyResource, type ExtraField, toApiKey } from './api-key.ts';
import {
  type CallerBounds,
  checkAllowedIps,
  defaultAllowedIps,
  type KeyCaller,
  outlivesCaller,
} from './caller-bounds.ts';
import { type EndInput, requestedEnd } from './key-end.ts';
import { keyResourceExists } from './key-resource.ts';
import { KeyRules } from './key-rules.ts';
import { type KeyScope, newKeyScope, type ScopeInput } from './key-scope.ts';
import { type KeyContent, type MintedKey, mintKey } from './mint-key.ts';

/** What a caller decides about a new key; checked against `newKeySchema` before. */
export interface NewKey extends EndInput, ScopeInput {
  readonly description: string;
  readonly allowed_ips?: AllowedIps;
  readonly reference?: string | null;
}

/** A key just made, as it is answered: with its secret, this once. */
export interface CreatedKey extends ApiKeyResource {
  readonly meta: { readonly secret_token: string };
}

/** How a creation is answered. */
export interface CreationOptions {
  /** Extra attributes to show. */
  readonly fields: ReadonlySet<ExtraField>;
  /** Set where a repeat of the request must not make another key. */
  readonly once: OnceRequest | null;
}

/** A creation's answer, and whether an earlier request got it first. */
export interface Creation {
  readonly answer: CreatedKey;
  readonly isReplay: boolean;
}

/**
 * Makes an account key for a user.
 *
 * @throws ApiError 422 for a description the user already has or more than the caller may give, 400 at the
 *   limit of keys, 404 for a user who was deleted meanwhile.
 */
export type CreateKey = (
  caller: KeyCaller,
  userId: number,
  input: NewKey,
  options: CreationOptions,
) => Promise<Creation>;

export function createCreateKey(services: Services): CreateKey {
  return (caller, userId, input, options) =>
    mintOnce(services, userId, options, async (held) => {
      const content = contentOf(services, caller.bounds, input);
      const rules = new KeyRules(services.settings.api_key, held.keys);
      rules.checkDescription(content.memo, null);
      rules.checkLimit();
      const minted = await mintKey(services, held.queries, userId, content);
      await recordMinted(services, held, caller, minted, 'created', {});
      return minted;
    });
}

/**
 * Runs a transaction that mints a key of a user, again where the new identifier happened to be taken, and at
 * most once for a request that must take effect once.
 */
export async function mintOnce(
  services: Services,
  userId: number,
  { fields, once }: CreationOptions,
  mint: (held: HeldKeys) => Promise<MintedKey>,
): Promise<Creation> {
  const { idempotency, panel, userKeys } = services;
  const attempt = () =>
    userKeys.change(userId, async (held) => {
      if (once !== null) await idempotency.claimWithin(held.queries, once);
      const { key, secret } = await mint(held);
      const answer: CreatedKey = { ...toApiKey(key, panel.clock, fields), meta: { secret_token: secret } };
      if (once !== null) await idempotency.keepWithin(held.queries, once, answer, key.identifier ?? '');
      return answer;
    });
  if (once !== null) await idempotency.forgetOutdated(once);
  try {
    return { answer: await withNewIdentifiers(attempt), isReplay: false };
  } catch (error) {
    if (!(error instanceof RepeatedRequest) || once === null) throw error;
    const exists = (identifier: string) => keyResourceExists(services, userId, identifier);
    return { answer: (await idempotency.replay(once, exists)) as CreatedKey, isReplay: true };
  }
}

/** Identifiers are random: two equal ones are rare, three in a row mean that something else is wrong. */
const identifierAttempts = 3;

async function withNewIdentifiers<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (classifyFailure(error) !== 'duplicate' || attempt === identifierAttempts) throw error;
    }
  }
}

/** Records a minted key in its transaction: in the panel's activity log, and for the webhooks. */
export async function recordMinted(
  { activityLog, outbox }: Services,
  { queries }: HeldKeys,
  { actor }: KeyCaller,
  { key }: MintedKey,
  type: 'created' | 'rotated',
  more: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { id, userId } = key;
  const identifier = key.identifier ?? '';
  // What a key is confined to stands in the log too: there it outlives a loss of the own tables.
  const { permissions, servers } = key.own;
  const confined = permissions === null ? {} : { permissions, ...(servers === null ? {} : { servers }) };
  const properties = { ...more, ...confined };
  await activityLog.appendWithin(queries, keyCreated(actor, userId, { id, identifier }, properties));
  await outbox.enqueueWithin(queries, [{ type, identifier, userId }]);
}

function contentOf({ settings, database }: Services, bounds: CallerBounds, input: NewKey): KeyContent {
  const scope: KeyScope = newKeyScope(settings, bounds, input);
  const asked = requestedEnd(input, new Date(), database.latestTimestamp);
  // A key for which no end is asked lives as long as the one that asks.
  const expiresAt = asked === undefined ? bounds.end : asked;
  if (outlivesCaller(bounds, expiresAt)) throw outlives(input);
  const allowedIps = input.allowed_ips ?? defaultAllowedIps(bounds);
  checkAllowedIps(bounds, allowedIps);
  return {
    memo: input.description,
    allowedIps: phpJson(allowedIps),
    expiresAt,
    own: { ...scope, reference: input.reference ?? null, rotatedFrom: null },
  };
}

/** The refusal of an end beyond that of the caller's own key. */
export function outlives(input: EndInput) {
  const field = input.expires_in === undefined ? 'expires_at' : 'expires_in';
  return invalid(field, 'within', 'The key may not outlive the key that asks.');
}

/** The refusal to do to a key what would give more than the caller has. */
export function beyondCaller() {
  return accessDenied('This action is unauthorized.');
}
