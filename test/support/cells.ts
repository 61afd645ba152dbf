/** A panel that the service stands beside. */
export type PanelName = 'pterodactyl' | 'pelican';

/** A database server, or the file, that tests run on. MariaDB stands for MySQL too. */
export type DatabaseName = 'mariadb' | 'sqlite' | 'postgres';

/** A panel on a database. */
export type Cell = { readonly panel: PanelName; readonly on: DatabaseName };

/** Every combination in which panels are run, for `describe.each(cells)('$panel on $on', …)`. */
export const cells: readonly Cell[] = [
  { panel: 'pterodactyl', on: 'mariadb' },
  { panel: 'pelican', on: 'sqlite' },
  { panel: 'pelican', on: 'mariadb' },
  { panel: 'pelican', on: 'postgres' },
];
