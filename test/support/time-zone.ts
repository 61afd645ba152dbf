import type { SqlExecutor } from './test-database.ts';

/** From when on a zone has which offset from UTC, both in seconds. */
export interface OffsetChange {
  readonly at: number;
  readonly offset: number;
}

/** Makes a time zone known to MySQL or MariaDB, for sessions that begin to use it from now on. */
export async function defineTimeZone(
  db: SqlExecutor,
  name: string,
  changes: readonly OffsetChange[],
): Promise<void> {
  const id = 990;
  await db.execute(`insert into mysql.time_zone (Time_zone_id, Use_leap_seconds) values (${id}, 'N')`);
  await db.execute(`insert into mysql.time_zone_name (Name, Time_zone_id) values ('${name}', ${id})`);
  const types = changes.map(({ offset }, index) => `(${id}, ${index}, ${offset}, 0, 'T${index}')`);
  await db.execute(
    `insert into mysql.time_zone_transition_type
       (Time_zone_id, Transition_type_id, \`Offset\`, Is_DST, Abbreviation) values ${types}`,
  );
  const transitions = changes.map(({ at }, index) => `(${id}, ${at}, ${index})`);
  await db.execute(
    `insert into mysql.time_zone_transition (Time_zone_id, Transition_time, Transition_type_id) values ${transitions}`,
  );
}
