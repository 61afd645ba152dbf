/** A panel that the service stands beside. */
export type PanelName = 'pterodactyl' | 'pelican';

/** A database server, or the file, that tests run on. MariaDB stands for MySQL too. */
export type DatabaseName = 'mariadb' | 'sqlite' | 'postgres';

/** A panel on a database. */
export type Cell = {
  readonly panel: PanelName;
  readonly on: DatabaseName;
  /** `pelican on postgres`: a suite whose title holds it gives the cell its results in `docs/matrix.md`. */
  toString(): string;
};

/** Pterodactyl on MariaDB, for what depends neither on the panel nor on the database. */
export const pterodactyl = createCell('pterodactyl', 'mariadb');

/** Every combination in which panels are run, for `describe.each(cells)('%s', (cell) => …)`. */
export const cells: readonly Cell[] = [
  pterodactyl,
  createCell('pelican', 'sqlite'),
  createCell('pelican', 'mariadb'),
  createCell('pelican', 'postgres'),
];

/** A panel on a database, also where nobody runs that panel on it. */
export function createCell(panel: PanelName, on: DatabaseName): Cell {
  return { panel, on, toString: () => `${panel} on ${on}` };
}
