import { openDatabase } from '../database/open.ts';
import { firstLine } from '../operator-error.ts';
import { panelTableNames } from '../panel/detect.ts';
import { databaseLimits } from '../startup/open-panel.ts';
import { type Check, fail, ok } from './check.ts';

/** The database's sessions can be put into the time zone that the panel's own are in. */
export const checkTimeZone: Check = {
  name: 'time zone',
  run: async ({ env, settings, kind, database, panel }) => {
    const panelEnv = env.get();
    const session = kind.get().session(panelEnv);
    const shown = `answers show ${panel.get().clock.displayZone}`;
    const where = database.get().kind === 'mysql' ? session.timeZone : null;
    if (where === null) return ok(shown);
    const opened = openDatabase(panelEnv.database, databaseLimits(settings.get()), session, panelTableNames);
    try {
      await opened.ping();
      return ok(`sessions are at ${where}, ${shown}`);
    } catch (error) {
      return fail(
        `sessions can't be put at ${where}: ${firstLine(error)}`,
        'load the time zone names into the database (mariadb-tzinfo-to-sql), or write DB_TIMEZONE as an offset',
      );
    } finally {
      await opened.close();
    }
  },
};
