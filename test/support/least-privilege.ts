import { readFileSync } from 'node:fs';
import { randomName, type SqlExecutor } from './test-database.ts';

/** A database user of a test's own, who may do what the README lets the service do, and nothing else. */
export type ServiceUser = {
  readonly user: string;
  readonly password: string;
  drop(): Promise<void>;
};

const readme = new URL('../../README.md', import.meta.url);

/**
 * Creates a user by exactly the statements that the README prints, with only the names of the database and
 * the account and the password replaced, so that a test fails where the service needs more than is printed.
 *
 * @param admin must be allowed to create users
 * @param database name of the database; must have the panel's tables already
 */
export async function createServiceUser(admin: SqlExecutor, database: string): Promise<ServiceUser> {
  const user = randomName();
  const password = randomName();
  const account = `'${user}'@'127.0.0.1'`;
  for (const statement of statementsFor(printedStatements(), database, account, password)) {
    await admin.execute(statement);
  }
  return {
    user,
    password,
    async drop() {
      await admin.execute(`drop user ${account}`);
    },
  };
}

/**
 * The statements of the README's block, as they are printed.
 *
 * @throws Error where the README has no such block
 */
export function printedStatements(): string {
  const block = /^```sql\n-- panel-sidecar: least privilege.*\n([\s\S]*?)^```/m.exec(
    readFileSync(readme, 'utf8'),
  );
  if (block?.[1] === undefined) throw new Error('the README has no least-privilege block');
  return block[1];
}

/**
 * Splits the printed statements and puts a test's names into them.
 *
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
  const statements = sql
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  const stray = statements.find((statement) => !statement.includes(account));
  if (stray) throw new Error(`the README's least-privilege block names no account in: ${stray}`);
  return statements;
}
