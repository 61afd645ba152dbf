import type { PanelName } from './cells.ts';
import { pelicanRows } from './pelican-rows.ts';
import { pterodactylRows } from './pterodactyl-rows.ts';
import type { NewRow } from './recorded-rows.ts';

/** Rows to insert, in this order, each with its table. */
export type TableRows = readonly (readonly [table: string, row: NewRow])[];

/** What a user is made with. */
export interface UserDetails {
  /** May do everything. */
  readonly admin?: boolean;
  /** Has a role with a permission, which makes an admin too; only Pelican has such users. */
  readonly staff?: boolean;
  /** Has set up a second factor. */
  readonly totp?: boolean;
}

/** Whom a test grants what: 0 nothing, 1 to read, 2 to write, 3 both. */
export type LevelOf = (resource: 'users' | 'nodes' | 'allocations' | 'locations') => number;

/** Puts what every panel stores into the tables of one panel. */
export interface PanelRows {
  /** Rows that others refer to. */
  readonly shared: TableRows;
  /** @param user the columns that both panels have */
  user(user: NewRow & { readonly id: number }, details: UserDetails): TableRows;
  /** The columns of a key that this panel alone has. */
  keyColumns(levelOf: LevelOf): NewRow;
  /** @param node the columns that both panels have */
  node(node: NewRow & { readonly id: number }): TableRows;
  /** @param server the columns that both panels have */
  server(server: NewRow & { readonly uuid: string }): TableRows;
}

/** By the panel's name. */
export const panelRows: Readonly<Record<PanelName, PanelRows>> = {
  pterodactyl: pterodactylRows,
  pelican: pelicanRows,
};
