import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { describeDatabase, explainConnectFailure, openDatabase } from '../database/open.ts';
import { panelTableNames } from '../panel/detect.ts';
import type { DatabaseSettings } from '../panel/env/database-settings.ts';
import { databaseLimits } from '../startup/open-panel.ts';
import { type Check, fail, ok } from './check.ts';

/** The panel's database answers to the account in the environment. */
export const checkDatabase: Check = {
  name: 'database',
  run: async ({ env, settings, database }) => {
    const { database: address } = env.get();
    const limits = databaseLimits(settings.get());
    const opened = await openDatabase(address, limits, { timeZone: null }, panelTableNames);
    try {
      const version = await opened.version();
      database.set(opened);
      const detail = `${version} at ${describeDatabase(address)}`;
      if (address.driver !== 'sqlite' || !(await mayBlockReaders(opened))) return ok(detail);
      return { ...ok(detail), remedy: walAdvice(address.file) };
    } catch (error) {
      await opened.close();
      const failure = explainConnectFailure(error, address);
      if (!isPlainLocalhost(address)) throw failure;
      return fail(
        failure.message,
        'to PHP, DB_HOST=localhost means the Unix socket, here it means TCP: set DB_SOCKET to the path of the socket',
      );
    }
  },
};

/** What WAL mode would gain, and the command that switches it on. */
function walAdvice(file: string): string {
  const quoted = `'${file.replaceAll("'", "'\\''")}'`;
  return `in WAL mode those who read and the one who writes would not wait for each other; to switch it on, stop panel and service and run: sqlite3 ${quoted} 'PRAGMA journal_mode = WAL' (docs/pelican.md)`;
}

/** Whether a SQLite file is in a journal mode in which whoever writes and those who read wait for each other. */
async function mayBlockReaders({ queries }: Database): Promise<boolean> {
  const { rows } = await sql<{ journal_mode: string }>`pragma journal_mode`.execute(queries);
  return rows[0]?.journal_mode !== 'wal';
}

function isPlainLocalhost(address: DatabaseSettings): boolean {
  return address.driver === 'mysql' && address.host === 'localhost' && address.socket === null;
}
