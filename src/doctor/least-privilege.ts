import { sql } from 'kysely';
import type { Queries } from '../database/database.ts';
import { classifyFailure } from '../database/errors.ts';
import { rolledBack } from '../database/rolled-back.ts';
import { type Check, ok, warn } from './check.ts';

/** What the service never does and its account need not be able to do. */
const excesses: readonly { readonly name: string; run(queries: Queries): Promise<unknown> }[] = [
  {
    name: "read users' password hashes",
    run: (queries) => sql`select password from ${sql.table('users')} where 1 = 0`.execute(queries),
  },
  {
    name: 'change users',
    run: (queries) => sql`update ${sql.table('users')} set password = '' where 1 = 0`.execute(queries),
  },
];

/** The account can't do much more than it needs to. */
export const checkLeastPrivilege: Check = {
  name: 'least privilege',
  run: async (findings) => {
    // Asked first: without a known panel, a refusal would prove nothing.
    findings.kind.get();
    const database = findings.database.get();
    if (database.kind === 'sqlite') return ok('does not apply: a SQLite file has no accounts');
    const allowed: string[] = [];
    for (const { name, run } of excesses) {
      try {
        await rolledBack(database, run);
        allowed.push(name);
      } catch (error) {
        if (classifyFailure(error) === 'unavailable') throw error;
      }
    }
    if (allowed.length === 0)
      return ok("the account can neither read users' password hashes nor change users");
    return warn(
      `the account can also ${allowed.join(' and ')}`,
      'give the service an account of its own by DB_USERNAME and DB_PASSWORD (README, "Least privilege")',
    );
  },
};
