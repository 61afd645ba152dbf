import type { Kysely } from 'kysely';
import type { OwnTables } from '../database/own-tables.ts';

/** What this service's own tables say of a key, as far as every use of the key depends on it. */
export interface OwnKeyFacts {
  /** Names the key is confined to; null for a key without scopes. */
  readonly permissions: readonly string[] | null;
  /** Short server identifiers in lower case the key is confined to; null for all. */
  readonly servers: readonly string[] | null;
  /** The true end, to the millisecond; null where only the panel's column knows one, or none. */
  readonly expiresAt: Date | null;
  readonly isDisabled: boolean;
  readonly isDisabledByAdmin: boolean;
  readonly reference: string | null;
  readonly rotatedFrom: string | null;
  /** Identifier of the key that replaces this one. */
  readonly rotatedTo: string | null;
}

/** A key of which the own tables know nothing. */
export const noOwnFacts: OwnKeyFacts = {
  permissions: null,
  servers: null,
  expiresAt: null,
  isDisabled: false,
  isDisabledByAdmin: false,
  reference: null,
  rotatedFrom: null,
  rotatedTo: null,
};

/** Columns of `sidecar_keys`, joined as `o`, under names that no panel's column has. */
export const ownKeyColumns = [
  ...(['o.identifier as own_identifier', 'o.permissions as own_permissions'] as const),
  ...(['o.servers as own_servers', 'o.reference as own_reference'] as const),
  ...(['o.expires_at as own_expires_at', 'o.disabled_at as own_disabled_at'] as const),
  ...(['o.disabled_by_admin as own_disabled_by_admin', 'o.rotated_from as own_rotated_from'] as const),
  'o.rotated_to as own_rotated_to' as const,
];

/** Those columns as a row has them: all absent where the own tables have not been joined. */
export interface OwnKeyRow {
  readonly own_identifier?: string | null;
  readonly own_permissions?: string | null;
  readonly own_servers?: string | null;
  readonly own_reference?: string | null;
  readonly own_expires_at?: number | string | null;
  readonly own_disabled_at?: number | string | null;
  readonly own_disabled_by_admin?: number | null;
  readonly own_rotated_from?: string | null;
  readonly own_rotated_to?: string | null;
}

/**
 * Reads a joined row. One that was written for another key, whose id the database has given out anew, says
 * nothing about this key.
 */
export function readOwnFacts(row: OwnKeyRow, identifier: string | null): OwnKeyFacts {
  if (row.own_identifier === undefined || row.own_identifier === null) return noOwnFacts;
  if (row.own_identifier !== identifier) return noOwnFacts;
  const time = row.own_expires_at ?? null;
  return {
    permissions: readList(row.own_permissions),
    servers: readList(row.own_servers),
    // Some drivers give a bigint as text.
    expiresAt: time === null ? null : new Date(Number(time)),
    isDisabled: (row.own_disabled_at ?? null) !== null,
    isDisabledByAdmin: row.own_disabled_by_admin === 1,
    reference: row.own_reference ?? null,
    rotatedFrom: row.own_rotated_from ?? null,
    rotatedTo: row.own_rotated_to ?? null,
  };
}

/** A list that can't be read confines to nothing at all, rather than not confining. */
function readList(text: string | null | undefined): readonly string[] | null {
  if (text === null || text === undefined) return null;
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.map(String) : [];
  } catch {
    return [];
  }
}

/** The tables a joined query names. */
export type WithOwnKeys = Pick<OwnTables, 'sidecar_keys'>;

/** The same connection, with the own table of keys in sight too. */
export function withOwnKeys<PanelsTables>(queries: Kysely<PanelsTables>): Kysely<PanelsTables & WithOwnKeys> {
  return queries as unknown as Kysely<PanelsTables & WithOwnKeys>;
}
