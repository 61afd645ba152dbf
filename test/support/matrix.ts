import { allCells, type Cell } from './cells.ts';

/** A test that has run. */
export interface TestResult {
  /** Its file, from the root of the project, with slashes. */
  readonly file: string;
  /** The titles of the suites that it is in. */
  readonly suites: readonly string[];
  readonly passed: boolean;
}

/** Tests that are shown together. */
interface Column {
  readonly title: string;
  readonly holds: string;
  readonly files: RegExp;
}

/** A file belongs to the first column that it fits. */
const columns: readonly Column[] = [
  {
    title: 'Start',
    holds: 'the panel is recognised or refused from its tables; start, stop, signals, workers',
    files: /^test\/(panel\/(detect|mandatory-columns)|cli\/serve|cluster\/workers)\.test\.ts$/,
  },
  {
    title: 'Recordings',
    holds: 'what a running panel answered, replayed, with what it left in the database',
    files: /^test\/recorded\//,
  },
  {
    title: 'Races',
    holds: 'limit, uniqueness and deletion under hundreds of requests to two processes',
    files: /^test\/(api-keys\/races|database\/concurrency)\.test\.ts$/,
  },
  {
    title: 'Audit',
    holds: 'rows of the activity log, and that nothing happens without',
    files: /^test\/audit\//,
  },
  {
    title: 'Endpoints',
    holds: 'keys, ports, access, allow-lists, rate limit, order of checks, odd requests',
    files: /^test\/(api-keys|allocations|auth|http|input|panel\/(pelican|pterodactyl))\//,
  },
  {
    title: 'Life of keys',
    holds: 'own tables, scopes, ends, rotation, suspension, search, repeats, revocation',
    files: /^test\/life\//,
  },
  {
    title: 'Scopes',
    holds:
      'what passes a real nginx and Caddy with which key, at once after a change, and when nothing can be asked',
    files: /^test\/scopes\//,
  },
  {
    title: 'Claims',
    holds: 'ports picked and held by many at once, their ends, wrong clocks, services killed',
    files: /^test\/claims\//,
  },
  { title: 'Webhooks', holds: 'the outbox and its delivery', files: /^test\/webhooks\// },
  {
    title: 'Faults',
    holds: 'drills at a small size: killed, stopped, overloaded, its database away, random requests',
    files: /^test\/drills\//,
  },
  { title: 'doctor', holds: 'its checks', files: /^test\/(cli\/doctor\.test\.ts$|doctor\/)/ },
  { title: 'Shell', holds: 'keys and ports by command', files: /^test\/cli\// },
  {
    title: 'Database',
    holds: 'texts, ids, times, table prefix, outages, and that the printed grants are enough and no more',
    files: /^test\/(database|docs)\//,
  },
];

/** What tests the tests themselves. */
const noColumn = /^test\/support\//;

/** How many tests of a cell and a column have run, and failed. */
interface Count {
  readonly total: number;
  readonly failed: number;
}

const columnOf = (file: string) => columns.find(({ files }) => files.test(file));

function countOf(results: readonly TestResult[], cell: Cell, column: Column): Count {
  const own = results.filter(
    ({ file, suites }) => columnOf(file) === column && suites.some((title) => title.includes(String(cell))),
  );
  return { total: own.length, failed: own.filter(({ passed }) => !passed).length };
}

/**
 * What keeps the table from telling the whole: cells without a result in a column, and files with tests of a cell
 * that are in no column.
 *
 * @param cells those of the run
 */
export function gapsOf(results: readonly TestResult[], cells: readonly Cell[]): readonly string[] {
  const empty = cells.flatMap((cell) =>
    columns
      .filter((column) => countOf(results, cell, column).total === 0)
      .map(({ title }) => `${cell} has no test in the column "${title}"`),
  );
  const ofCells = results.filter(({ suites }) =>
    suites.some((title) => cells.some((cell) => title.includes(String(cell)))),
  );
  const files = new Set(ofCells.map(({ file }) => file));
  const stray = [...files].filter((file) => columnOf(file) === undefined && !noColumn.test(file));
  return [...empty, ...stray.sort().map((file) => `${file} is in no column of test/support/matrix.ts`)];
}

const names = { pterodactyl: 'Pterodactyl', pelican: 'Pelican' };
const header = ['', ...columns.map(({ title }) => title)];
/** What is told of a column of which nothing is known. */
const nothing = '–';
const databases = { mariadb: 'MariaDB', mysql: 'MySQL', sqlite: 'SQLite', postgres: 'PostgreSQL' };

/**
 * The text of `docs/matrix.md`. It is the same for equal results, whenever and wherever they were had.
 *
 * @param cells those of the run; the rows of the others stay as they are
 * @param previous the text so far; empty for none
 */
export function renderMatrix(
  results: readonly TestResult[],
  cells: readonly Cell[],
  previous: string,
): string {
  const kept = rowsOf(previous);
  const rows = allCells.map((cell) => {
    const name = `${names[cell.panel]} on ${databases[cell.on]}`;
    const told = cells.includes(cell)
      ? columns.map((column) => tell(countOf(results, cell, column)))
      : kept.get(name);
    return [name, ...(told ?? columns.map(() => nothing))];
  });
  const table = [header, columns.map(() => '---').concat('---'), ...rows];
  return `# What is tested on what

\`npm test\` and \`npm run test:mysql\` write this page; edit \`test/support/matrix.ts\` instead. Each cell of the table
tells whether all tests of a kind passed on a panel and a database, and how many they are. The panels are their real
tables, with every column, index and foreign key, on real servers, and the service is the program itself, with the
rights that the docs print.

${table.map((row) => `| ${row.join(' | ')} |`).join('\n')}

${columns.map(({ title, holds }) => `- **${title}**: ${holds}.`).join('\n')}
`;
}

/** The rows of a page by their names; none where its columns are others. */
function rowsOf(page: string): ReadonlyMap<string, readonly string[]> {
  const [titles, , ...rows] = page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((text) => text.trim()),
    );
  if (titles?.join() !== header.join()) return new Map();
  return new Map(rows.map(([name = '', ...told]) => [name, told]));
}

function tell({ total, failed }: Count): string {
  if (total === 0) return nothing;
  return failed === 0 ? `pass (${total})` : `**fail** (${failed} of ${total})`;
}
