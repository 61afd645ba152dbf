import type { PanelClock } from '../panel/clock.ts';

/** The columns of a key that answers are made of. */
export interface ApiKeyRow {
  readonly identifier: string | null;
  readonly memo: string | null;
  readonly allowed_ips: string | null;
  readonly last_used_at: string | null;
  readonly created_at: string | null;
}

/** Those columns, for a SELECT. */
export const apiKeyColumns = ['identifier', 'memo', 'allowed_ips', 'last_used_at', 'created_at'] as const;

/** An allow-list as callers send and see it. */
export type AllowedIps = readonly string[] | Readonly<Record<string, string>>;

/** A key as answers show it. */
export interface ApiKeyResource {
  readonly object: 'api_key';
  readonly attributes: {
    readonly identifier: string | null;
    readonly description: string | null;
    readonly allowed_ips: AllowedIps | null;
    readonly last_used_at: string | null;
    readonly created_at: string | null;
  };
}

/** Shows a key as the panel does, times in the panel's own zone. */
export function toApiKey(row: ApiKeyRow, clock: PanelClock): ApiKeyResource {
  const format = (text: string | null) => (text === null ? null : clock.show(text));
  return {
    object: 'api_key',
    attributes: {
      identifier: row.identifier,
      description: row.memo,
      allowed_ips: readAllowedIps(row.allowed_ips),
      last_used_at: format(row.last_used_at),
      created_at: format(row.created_at),
    },
  };
}

/** What is not a JSON array or object shows as null, as in the panel. */
function readAllowedIps(text: string | null): AllowedIps | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? (value as AllowedIps | null) : null;
  } catch {
    return null;
  }
}
