import type { PanelClock } from '../panel/clock.ts';
import type { StoredKey } from '../stored-keys/stored-key.ts';

/** An allow-list as callers send and see it. */
export type AllowedIps = readonly string[] | Readonly<Record<string, string>>;

/** Attributes the panel's keys do not have: shown where they say something, or where a caller asks. */
export const extraFields = [
  ...(['user_id', 'expires_at', 'disabled', 'permissions', 'servers', 'reference'] as const),
  'rotated_from' as const,
];

/** One of those. */
export type ExtraField = (typeof extraFields)[number];

/** A key as answers show it. */
export interface ApiKeyResource {
  readonly object: 'api_key';
  readonly attributes: {
    readonly identifier: string | null;
    readonly description: string | null;
    readonly allowed_ips: AllowedIps | null;
    readonly last_used_at: string | null;
    readonly created_at: string | null;
  } & Partial<Readonly<Record<ExtraField, unknown>>>;
}

/** No extra attribute asked for. */
export const noFields: ReadonlySet<ExtraField> = new Set();

/**
 * Shows a key as the panel does, times in the panel's own zone, so that clients that know only the panel's
 * attributes see nothing else unless the key has more to it.
 *
 * @param asked Extra attributes to show even where they say nothing.
 */
export function toApiKey(key: StoredKey, clock: PanelClock, asked: ReadonlySet<ExtraField>): ApiKeyResource {
  const attributes = {
    identifier: key.identifier,
    description: key.memo,
    allowed_ips: readAllowedIps(key.allowedIps),
    last_used_at: key.lastUsedAt === null ? null : clock.show(key.lastUsedAt),
    created_at: key.createdAt === null ? null : clock.show(key.createdAt),
  };
  if (asked.size === 0 && isPlain(key)) return { object: 'api_key', attributes };
  return { object: 'api_key', attributes: { ...attributes, ...extraAttributes(key, clock, asked) } };
}

function extraAttributes(key: StoredKey, clock: PanelClock, asked: ReadonlySet<ExtraField>) {
  const { own, expiresAt } = key;
  const values: Readonly<Record<ExtraField, unknown>> = {
    user_id: key.userId,
    expires_at: expiresAt === null ? null : clock.format(expiresAt),
    disabled: own.isDisabled,
    permissions: own.permissions,
    servers: own.servers,
    reference: own.reference,
    rotated_from: own.rotatedFrom,
  };
  const shown = extraFields.filter((field) => asked.has(field) || saysSomething(field, values[field]));
  return Object.fromEntries(shown.map((field) => [field, values[field]]));
}

/** Whether a key is no more than the panel knows: the common case, spared the rest. */
function isPlain({ own, expiresAt }: StoredKey): boolean {
  if (expiresAt !== null || own.reference !== null) return false;
  return own.permissions === null && !own.isDisabled && own.rotatedFrom === null;
}

/** Whose key it is, the path says already. */
function saysSomething(field: ExtraField, value: unknown): boolean {
  return field !== 'user_id' && value !== null && value !== false;
}

/** What is not a JSON array or object shows as null, as in the panel. */
export function readAllowedIps(text: string | null): AllowedIps | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? (value as AllowedIps | null) : null;
  } catch {
    return null;
  }
}
