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

/** Every combination in which panels are run. */
export const allCells: readonly Cell[] = [
  createCell('pterodactyl', 'mariadb'),
  createCell('pterodactyl', 'mysql'),
  createCell('pelican', 'sqlite'),
  createCell('pelican', 'mariadb'),
  createCell('pelican', 'mysql'),
  createCell('pelican', 'postgres'),
];

/** Those of `npm run test:mysql`. */
export const mysqlCells: readonly Cell[] = allCells.filter(({ on }) => on === 'mysql');

/** Those of `npm test`, which has ten minutes at most. */
export const usualCells: readonly Cell[] = allCells.filter(({ on }) => on !== 'mysql');

const isOnMysql = process.env.TEST_DATABASE === 'mysql';

/** Those of this run, for `describe.each(cells)('%s', (cell) => …)`. */
export const cells = isOnMysql ? mysqlCells : usualCells;

/** Fits the names of the tests of this run; undefined for all. */
export const onlyTests = isOnMysql ? /\bon mysql\b/ : undefined;

/** Pterodactyl on MariaDB, or on MySQL in its run, for what depends neither on the panel nor on the database. */
export const pterodactyl = cellOf('pterodactyl');

/** Pelican on the same, for what the panels differ in. */
export const pelican = cellOf('pelican');

function cellOf(panel: PanelName): Cell {
  const found = cells.find((cell) => cell.panel === panel && isMysqlLike(cell));
  if (found === undefined) throw new Error(`${panel} runs on no such database`);
  return found;
}

/** Whether a cell's database is MySQL or MariaDB, which take the same statements. */
export function isMysqlLike({ on }: Pick<Cell, 'on'>): boolean {
  return on === 'mariadb' || on === 'mysql';
}

/** A panel on a database, also where nobody runs that panel on it. */
export function createCell(panel: PanelName, on: DatabaseName): Cell {
  return { panel, on, toString: () => `${panel} on ${on}` };
}
