import type { PanelDatabase } from './panel-database.ts';

/** Adds a column to a table that is there already: an integer that may not be null and has no default. */
export async function addMandatoryColumn(panel: PanelDatabase, table: string, column: string): Promise<void> {
  if (panel.dialect !== 'sqlite') {
    await panel.execute(`alter table ${table} add column ${column} int not null`);
    return;
  }
  // SQLite adds no such column, not even to an empty table.
  const [row] = await panel.query('select sql from sqlite_master where name = ?', [table]);
  await panel.execute(`drop table ${table}`);
  await panel.execute(String(row?.sql).replace('(', `(${column} integer not null, `));
}
