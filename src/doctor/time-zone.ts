import { DateTime } from 'luxon';
import { openDatabase } from '../database/open.ts';
import { firstLine } from '../operator-error.ts';
import { panelTableNames } from '../panel/detect.ts';
import { databaseLimits } from '../startup/open-panel.ts';
import { type Check, fail, ok, warn } from './check.ts';

/** The database's sessions can be put into the time zone that the panel's own are in. */
export const checkTimeZone: Check = {
  name: 'time zone',
  run: async ({ env, settings, kind, database, panel }) => {
    const panelEnv = env.get();
    const session = kind.get().session(panelEnv);
    const zone = panel.get().clock.displayZone;
    const shown = `answers show ${zone}`;
    const where = database.get().kind === 'mysql' ? session.timeZone : null;
    if (where === null) return ok(shown);
    const opened = await openDatabase(
      panelEnv.database,
      databaseLimits(settings.get()),
      session,
      panelTableNames,
    );
    try {
      await opened.ping();
      const detail = `sessions are at ${where}, ${shown}`;
      if (!switchesOffset(zone)) return ok(detail);
      return warn(
        `${detail}, which has daylight-saving time: the panel may take the end of a key for an hour earlier or later`,
        'see that no key depends on the hour, or enforce scopes: exact ends are kept there',
      );
    } catch (error) {
      return fail(
        `sessions can't be put at ${where}: ${firstLine(error)}`,
        'load the time zone names into the database (mysql_tzinfo_to_sql, on MariaDB mariadb-tzinfo-to-sql), or write DB_TIMEZONE as an offset',
      );
    } finally {
      await opened.close();
    }
  },
};

/** Whether a zone's offset from UTC changes within the year to come. */
function switchesOffset(zone: string): boolean {
  const months = Array.from({ length: 12 }, (_, month) =>
    DateTime.now().setZone(zone).plus({ months: month }),
  );
  return new Set(months.map(({ offset }) => offset)).size > 1;
}
