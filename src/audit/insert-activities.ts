import type { Insertable, Kysely } from 'kysely';
import type { Queries, Tables } from '../database/database.ts';
import { SizedStatement } from '../database/sized-statement.ts';
import type { ActivityLogsTable } from '../database/tables.ts';

type NewRow = Insertable<ActivityLogsTable>;

/** Inserts rows of the activity log, at least one, with one statement. */
export type InsertActivities = (
  queries: Queries,
  rows: readonly Readonly<Record<string, unknown>>[],
) => Promise<void>;

/** @param columns The columns that every row has. */
export function createInsertActivities(columns: readonly string[]): InsertActivities {
  const width = columns.length;
  const statement = new SizedStatement((queries: Kysely<Tables>, values: readonly unknown[]) => {
    const rows = Array.from({ length: values.length / width }, (_, row) =>
      Object.fromEntries(columns.map((column, index) => [column, values[row * width + index]])),
    );
    return queries.insertInto('activity_logs').values(rows as unknown as NewRow[]);
  });
  return async (queries, rows) => {
    const values: unknown[] = [];
    for (const row of rows) for (const column of columns) values.push(row[column]);
    await statement.run(queries, values);
  };
}
