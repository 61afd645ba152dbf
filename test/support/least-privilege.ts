import { readFileSync } from 'node:fs';
import type { Dialect } from '../../src/demo/schema/types.ts';
import type { PanelName } from './cells.ts';
import { randomName, type SqlExecutor } from './test-database.ts';

/** A database user of a test's own, who may do what the docs let the service do, and nothing else. */
export type ServiceUser = {
  readonly user: string;
  readonly password: string;
  /** Lets the user use the own tables, which must have been made, by the statements that the docs print. */
  grantOwnTables(): Promise<void>;
  drop(): Promise<void>;
};

type Place = {
  readonly file: string;
  /** What follows `-- panel-sidecar: ` and the block's name in the first line of a block. */
  readonly title: string;
};

/** What a block of statements is for, by its first line. */
export type Block = 'least privilege' | 'own tables';

const places: Readonly<Record<string, Place>> = {
  'pterodactyl mysql': { file: 'README.md', title: '' },
  'pelican mysql': { file: 'docs/pelican.md', title: ' (Pelican, MySQL or MariaDB)' },
  'pelican postgres': { file: 'docs/pelican.md', title: ' (Pelican, PostgreSQL)' },
};

/**
 * Creates a user by exactly the statements that the docs print, with only the names of the database and the
 * account and the password replaced, so that a test fails where the service needs more than is printed.
 *
 * @param admin must be allowed to create users
 * @param database name of the database; must have the panel's tables already
 */
export async function createServiceUser(
  admin: SqlExecutor,
  panel: PanelName,
  database: string,
): Promise<ServiceUser> {
  const user = randomName();
  const password = randomName();
  const isPostgres = admin.dialect === 'postgres';
  const account = isPostgres ? user : `'${user}'@'127.0.0.1'`;
  const split = isPostgres ? postgresStatementsFor : statementsFor;
  const runBlock = async (block: Block) => {
    const printed = printedStatements(panel, admin.dialect, block);
    for (const statement of split(printed, database, account, password)) await admin.execute(statement);
  };
  await runBlock('least privilege');
  return {
    user,
    password,
    grantOwnTables: () => runBlock('own tables'),
    async drop() {
      // PostgreSQL does not let a role go that still has rights.
      if (isPostgres) await admin.execute(`drop owned by ${account}`);
      await admin.execute(`drop ${isPostgres ? 'role' : 'user'} ${account}`);
    },
  };
}

/**
 * The statements of the docs' block for a panel on a database, as they are printed.
 *
 * @throws Error where the docs have no such block
 */
export function printedStatements(
  panel: PanelName,
  dialect: Dialect,
  name: Block = 'least privilege',
): string {
  const place = places[`${panel} ${dialect}`];
  if (place === undefined) throw new Error(`no database user is needed for ${panel} on ${dialect}`);
  const text = readFileSync(new URL(`../../${place.file}`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```sql\n-- panel-sidecar: (.*)\n([\s\S]*?)^```/gm)];
  const block = blocks.find(([, title = '']) => title.startsWith(`${name}${place.title}`));
  if (block?.[2] === undefined) throw new Error(`${place.file} has no block "${name}${place.title}"`);
  return block[2];
}

/**
 * Splits statements printed for MySQL and puts a test's names into them.
 *
 * @param account `'user'@'host'`
 * @throws Error where a statement names no account: it would run, but not grant to the test's user
 */
export function statementsFor(
  printed: string,
  database: string,
  account: string,
  password: string,
): string[] {
  const sql = printed
    .replaceAll(/^\s*--.*$/gm, '')
    .replaceAll(/`?\bpanel`?\./g, `\`${database}\`.`)
    .replaceAll(/'[^'\n]+'@'[^'\n]+'/g, account)
    .replaceAll(/(identified by) '[^'\n]*'/gi, `$1 '${password}'`);
  return split(sql, account);
}

/**
 * Splits statements printed for PostgreSQL and puts a test's names into them.
 *
 * @param account name of the role
 * @throws Error where a statement names no role: it would run, but not grant to the test's role
 */
export function postgresStatementsFor(
  printed: string,
  database: string,
  account: string,
  password: string,
): string[] {
  const sql = printed
    .replaceAll(/^\s*--.*$/gm, '')
    .replaceAll(/(on database) panel\b/gi, `$1 ${database}`)
    .replaceAll(/\bpanel_sidecar\b/g, account)
    .replaceAll(/(password) '[^'\n]*'/gi, `$1 '${password}'`);
  return split(sql, account);
}

function split(sql: string, account: string): string[] {
  const statements = sql
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  const stray = statements.find((statement) => !statement.includes(account));
  if (stray) throw new Error(`the printed block names no account in: ${stray}`);
  return statements;
}
