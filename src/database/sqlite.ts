import { DatabaseSync } from 'node:sqlite';
import { type AliasedExpression, type Insertable, Kysely, sql } from 'kysely';
import { OperatorError } from '../operator-error.ts';
import { type CatalogueRow, toVisibleColumns, type VisibleColumns } from './columns.ts';
import type { Database, NumberedColumn, NumberedTable, Queries, Tables } from './database.ts';
import type { DatabaseLimits } from './limits.ts';
import { NodeSqliteDialect } from './sqlite-dialect.ts';
import { TablePrefixPlugin } from './table-prefix.ts';
import type { AllocationsTable } from './tables.ts';

/** Longest wait inside SQLite, which holds up the process, in milliseconds. Longer waits happen outside. */
const busyTimeoutMs = 2;

/**
 * Opens the panel's SQLite file, which must exist. Its journal mode is left as the panel has it.
 *
 * @throws OperatorError where the file is missing or can't be opened.
 */
export function openSqlite(
  file: string,
  prefix: string,
  limits: DatabaseLimits,
  tables: readonly string[],
): Database {
  const queries = new Kysely<Tables>({
    dialect: new NodeSqliteDialect(openFile(file), limits.timeoutMs),
    plugins: prefix === '' ? [] : [new TablePrefixPlugin(prefix, tables)],
  });
  return new SqliteFile(queries, prefix);
}

function openFile(file: string): DatabaseSync {
  try {
    // As a URI, so that a missing file is an error and not made anew.
    const name = `file:${encodeURI(file).replaceAll(/[?#]/g, encodeURIComponent)}?mode=rw`;
    return new DatabaseSync(name, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(`cannot open the panel's SQLite file ${file}: ${reason}`);
  }
}

class SqliteFile implements Database {
  readonly kind = 'sqlite';
  readonly queries: Kysely<Tables>;
  readonly latestTimestamp = null;
  readonly numberedColumn: NumberedColumn = (table) =>
    table.addColumn('id', 'integer', (column) => column.autoIncrement().primaryKey());
  readonly nowMs = sql<number>`cast((julianday('now') - 2440587.5) * 86400000 as integer)`;
  readonly #prefix: string;

  constructor(queries: Kysely<Tables>, prefix: string) {
    this.queries = queries;
    this.#prefix = prefix;
  }

  transaction<Result>(work: (queries: Queries) => Promise<Result>): Promise<Result> {
    return this.queries.transaction().execute(work);
  }

  /** A transaction holds the whole file. */
  async lockUser(): Promise<void> {}

  async lockNode(): Promise<void> {}

  async portsBy(): Promise<AliasedExpression<AllocationsTable, 'a'>> {
    return sql<AllocationsTable>`${sql.table('allocations')}`.as('a');
  }

  async insertRow<Table extends NumberedTable>(
    queries: Queries,
    table: Table,
    row: Insertable<Tables[Table]>,
  ): Promise<number> {
    const { insertId } = await queries.insertInto(table).values(row).executeTakeFirstOrThrow();
    return Number(insertId);
  }

  async ping(): Promise<void> {
    await sql`select 1`.execute(this.queries);
  }

  async columns(): Promise<VisibleColumns> {
    const { rows } = await sql<CatalogueRow>`
      select m.name as table_name, c.name as column_name,
        c."notnull" = 1 and c.dflt_value is null and c.pk = 0 as is_mandatory
      from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table'`.execute(this.queries);
    return toVisibleColumns(rows, this.#prefix);
  }

  async version(): Promise<string> {
    const { rows } = await sql<{ version: string }>`select sqlite_version() as version`.execute(this.queries);
    return `SQLite ${rows[0]?.version ?? 'unknown'}`;
  }

  async now(): Promise<Date> {
    return new Date();
  }

  async close(): Promise<void> {
    await this.queries.destroy();
  }
}
