import { quoteIdentifier, quoteIdentifiers } from '../../src/demo/schema/identifiers.ts';
import type { SqlExecutor, SqlValue } from './test-database.ts';

/**
 * Inserts rows with one statement.
 *
 * @param rows all with the same columns in the same order
 */
export async function insertRows(
  db: SqlExecutor,
  table: string,
  rows: readonly Readonly<Record<string, SqlValue>>[],
): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  const values = rows.map((row) => {
    if (Object.keys(row).join() !== columns.join())
      throw new Error(`rows of ${table} differ in their columns`);
    return Object.values(row);
  });
  const places = `(${columns.map(() => '?').join(', ')})`;
  await db.execute(
    `insert into ${quoteIdentifier(table, db.dialect)} (${quoteIdentifiers(columns, db.dialect)})
     values ${rows.map(() => places).join(', ')}`,
    values.flat(),
  );
}
