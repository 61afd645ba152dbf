/** A panel that the service stands beside. */
export type PanelName = 'pterodactyl' | 'pelican';

/** A database server, or the file, that tests run on. */
export type DatabaseName = 'mariadb' | 'mysql' | 'sqlite' | 'postgres';

/** A panel on a database. */
export type Cell = {
  readonly panel: PanelName;
  readonly on: DatabaseName;
  /** `pelican on postgres`: a suite whose title holds it gives the cell its results in `docs/matrix.md`. */
  toString(): string;
};

/** Pterodactyl on MariaDB, for what depends neither on the panel nor on the database. */
export const pterodactyl = createCell('pterodactyl', 'mariadb');

/** Every combination in which panels are run. */
export const allCells: readonly Cell[] = [
  pterodactyl,
  createCell('pterodactyl', 'mysql'),
  createCell('pelican', 'sqlite'),
  createCell('pelican', 'mariadb'),
  createCell('pelican', 'mysql'),
  createCell('pelican', 'postgres'),
];

/**
 * Those of a run, for `describe.each(cells)('%s', (cell) => …)`: MySQL's have one of their own (`npm run test:mysql`),
 * as `npm test` has ten minutes at most.
 */
export const cells: readonly Cell[] = allCells.filter(
  ({ on }) => (on === 'mysql') === (process.env.TEST_DATABASE === 'mysql'),
);

/** Whether a cell's database is MySQL or MariaDB, which take the same statements. */
export function isMysqlLike({ on }: Pick<Cell, 'on'>): boolean {
  return on === 'mariadb' || on === 'mysql';
}

/** A panel on a database, also where nobody runs that panel on it. */
export function createCell(panel: PanelName, on: DatabaseName): Cell {
  return { panel, on, toString: () => `${panel} on ${on}` };
}
