import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type AliasedExpression, type Insertable, Kysely, sql } from 'kysely';
import { OperatorError } from '../operator-error.ts';
import { type CatalogueRow, toVisibleColumns, type VisibleColumns } from './columns.ts';
import type { Database, ExactTexts, NumberedColumn, NumberedTable, Queries, Tables } from './database.ts';
import { classifyFailure } from './errors.ts';
import type { DatabaseLimits } from './limits.ts';
import { SharedSqliteDialect } from './sqlite-dialect.ts';
import { SqliteLane, untilNextTry } from './sqlite-lane.ts';
import { TablePrefixPlugin } from './table-prefix.ts';
import type { AllocationsTable } from './tables.ts';

/** Longest wait inside SQLite, which holds up the process, in milliseconds. Longer waits happen outside. */
const busyTimeoutMs = 2;

/**
 * Opens the panel's SQLite file, which must exist. Its journal mode is left as the panel has it.
 *
 * @throws OperatorError where the file is missing, can't be opened, or could not be written.
 */
export function openSqlite(
  file: string,
  prefix: string,
  limits: DatabaseLimits,
  tables: readonly string[],
): Database {
  const connections = [open(file), open(file)] as const;
  const [reads, writes] = connections;
  const lanes = { reads: new SqliteLane(reads, false), writes: new SqliteLane(writes, true) };
  const queries = new Kysely<Tables>({
    dialect: new SharedSqliteDialect(lanes, limits.timeoutMs),
    plugins: prefix === '' ? [] : [new TablePrefixPlugin(prefix, tables)],
  });
  return new SqliteFile(queries, prefix, connections);
}

function open(file: string): DatabaseSync {
  const database = openFile(file);
  try {
    // SQLite takes a file that it may only read, and keeps its journal in the folder.
    for (const path of [file, dirname(file)]) requireWritable(path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
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

function requireWritable(path: string): void {
  try {
    accessSync(path, constants.W_OK);
  } catch {
    throw new OperatorError(
      `this user may not write ${path}: both the panel's SQLite file and its folder must be writable (docs/pelican.md)`,
    );
  }
}

class SqliteFile implements Database {
  readonly kind = 'sqlite';
  /** Its integers go further, but ids are exact in JavaScript up to here. */
  readonly largestId = Number.MAX_SAFE_INTEGER;
  readonly queries: Kysely<Tables>;
  readonly latestTimestamp = null;
  readonly exactTexts: ExactTexts = (table) => table;
  readonly numberedColumn: NumberedColumn = (table) =>
    table.addColumn('id', 'integer', (column) => column.autoIncrement().primaryKey());
  readonly nowMs = sql<number>`cast((julianday('now') - 2440587.5) * 86400000 as integer)`;
  readonly #prefix: string;
  readonly #connections: readonly DatabaseSync[];

  constructor(queries: Kysely<Tables>, prefix: string, connections: readonly DatabaseSync[]) {
    this.queries = queries;
    this.#prefix = prefix;
    this.#connections = connections;
  }

  /** All tries are one session's, whose time-out ends them. */
  transaction<Result>(work: (queries: Queries) => Promise<Result>): Promise<Result> {
    return this.queries.connection().execute(async (session) => {
      for (;;) {
        try {
          return await session.transaction().execute(work);
        } catch (error) {
          if (classifyFailure(error) !== 'conflict') throw error;
          await untilNextTry();
        }
      }
    });
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
    // Reads the file, which a statement without a table would not.
    await sql`select 1 from sqlite_master limit 1`.execute(this.queries);
  }

  async columns(): Promise<VisibleColumns> {
    const { rows } = await sql<CatalogueRow>`
      select m.name as table_name, c.name as column_name
      from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table'`.execute(this.queries);
    return toVisibleColumns(rows, this.#prefix);
  }

  async mandatoryColumnsBeyond(given: readonly string[], table: string): Promise<readonly string[]> {
    const { rows } = await sql<{ name: string }>`
      select name from pragma_table_info(${this.#prefix + table})
      where "notnull" = 1 and dflt_value is null and pk = 0`.execute(this.queries);
    return rows.map(({ name }) => name).filter((name) => !given.includes(name));
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
    for (const connection of this.#connections) connection.close();
  }
}
