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
    const opened = openDatabase(address, limits, { timeZone: null }, panelTableNames);
    try {
      const version = await opened.version();
      database.set(opened);
      const detail = `${version} at ${describeDatabase(address)}`;
      return (await mayBlockReaders(opened)) ? { ...ok(detail), remedy: walAdvice } : ok(detail);
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

const walAdvice =
  'if requests wait for each other: in WAL mode readers and the writer do not; with panel and service stopped, run PRAGMA journal_mode = WAL on the file (docs/pelican.md)';

/** Whether this is a SQLite file in a journal mode in which whoever writes and those who read wait for each other. */
async function mayBlockReaders({ kind, queries }: Database): Promise<boolean> {
  if (kind !== 'sqlite') return false;
  const { rows } = await sql<{ journal_mode: string }>`pragma journal_mode`.execute(queries);
  return rows[0]?.journal_mode !== 'wal';
}

function isPlainLocalhost(address: DatabaseSettings): boolean {
  return address.driver === 'mysql' && address.host === 'localhost' && address.socket === null;
}
