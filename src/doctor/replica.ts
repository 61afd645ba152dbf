import { describeDatabase, openDatabase } from '../database/open.ts';
import { firstLine } from '../operator-error.ts';
import { panelTableNames } from '../panel/detect.ts';
import { databaseLimits, replicaSettings } from '../startup/open-panel.ts';
import { type Check, ok, warn } from './check.ts';

const remedy = 'until then lists are read from the primary; see that DB_READ_HOST is right, or remove it';

/** The replica that lists are read from answers, and holds the panel. */
export const checkReplica: Check = {
  name: 'replica',
  run: async ({ env, settings }) => {
    const panelEnv = env.get();
    if (panelEnv.readHost === null)
      return ok('none: lists are read where everything else is (no DB_READ_HOST)');
    const address = replicaSettings(panelEnv);
    if (address === null) return warn('DB_READ_HOST is set, but the database is a file', 'remove it');
    const where = describeDatabase(address);
    const limits = { ...databaseLimits(settings.get()), poolSize: 1 };
    const opened = await openDatabase(address, limits, { timeZone: null }, panelTableNames);
    try {
      if ((await opened.columns()).has('api_keys')) return ok(`lists are read from ${where}`);
      return warn(`${where} shows no API keys to this account`, remedy);
    } catch (error) {
      return warn(`${where} fails with "${firstLine(error)}"`, remedy);
    } finally {
      await opened.close();
    }
  },
};
