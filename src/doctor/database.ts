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
      return ok(`${version} at ${describeDatabase(address)}`);
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

function isPlainLocalhost(address: DatabaseSettings): boolean {
  return address.driver === 'mysql' && address.host === 'localhost' && address.socket === null;
}
