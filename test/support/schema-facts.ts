import type { Row, SqlExecutor } from './test-database.ts';

/** The columns of a table as MariaDB describes them: `name type nullable default extra`, in their order. */
export async function mariadbTable(db: SqlExecutor, table: string): Promise<string[]> {
  const rows = await db.query(
    `select column_name as name, column_type as type, is_nullable as nullable, column_default as value, extra
     from information_schema.columns where table_schema = database() and table_name = ?
     order by ordinal_position`,
    [table],
  );
  return rows.map((row) => `${row.name} ${row.type} ${row.nullable} ${row.value ?? '-'} ${row.extra}`.trim());
}

/** The indexes of a table on MariaDB, sorted; the primary key as `PRIMARY(columns)`. */
export async function mariadbIndexes(db: SqlExecutor, table: string): Promise<string[]> {
  const rows = await db.query(
    `select index_name as name, non_unique, group_concat(column_name order by seq_in_index) as columns
     from information_schema.statistics where table_schema = database() and table_name = ?
     group by index_name, non_unique`,
    [table],
  );
  return rows
    .map((row) => {
      if (row.name === 'PRIMARY') return `PRIMARY(${row.columns})`;
      return row.non_unique === 0 ? `unique ${row.columns}` : String(row.columns);
    })
    .sort();
}

/** All foreign keys of a MariaDB database, sorted. */
export async function mariadbForeignKeys(db: SqlExecutor): Promise<string[]> {
  const rows = await db.query(
    `select k.table_name as name, k.column_name as source, k.referenced_table_name as target, r.delete_rule as rule
     from information_schema.key_column_usage k
     join information_schema.referential_constraints r
       on r.constraint_schema = k.constraint_schema and r.constraint_name = k.constraint_name
     where k.constraint_schema = database()`,
  );
  return rows.map((row) => `${row.name}.${row.source} -> ${row.target} ${row.rule}`).sort();
}

/** The columns of a table as SQLite describes them, in their order. */
export async function sqliteTable(db: SqlExecutor, table: string): Promise<string[]> {
  const rows = await db.query('select * from pragma_table_info(?)', [table]);
  return rows.map(sqliteColumn);
}

function sqliteColumn(row: Row): string {
  const value = row.dflt_value === null ? '' : ` default ${row.dflt_value}`;
  return `${row.name} ${row.type} ${row.notnull ? 'not null' : 'null'}${value}${row.pk ? ' key' : ''}`;
}

/** The indexes of a table on SQLite, sorted. */
export async function sqliteIndexes(db: SqlExecutor, table: string): Promise<string[]> {
  const rows = await db.query(
    `select l."unique" as is_unique, (select group_concat(name) from pragma_index_info(l.name)) as columns
     from pragma_index_list(?) l`,
    [table],
  );
  return rows.map((row) => (row.is_unique ? `unique ${row.columns}` : String(row.columns))).sort();
}

/** The foreign keys of a table on SQLite, sorted. */
export async function sqliteForeignKeys(db: SqlExecutor, table: string): Promise<string[]> {
  const rows = await db.query('select * from pragma_foreign_key_list(?)', [table]);
  return rows.map((row) => `${row.from} -> ${row.table} ${row.on_delete}`).sort();
}
