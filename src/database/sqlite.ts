import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { Kysely, type SqliteDatabase as KyselySqlite, SqliteDialect, sql } from 'kysely';
import { OperatorError } from '../operator-error.ts';
import type { Database, Queries } from './database.ts';
import { withConflictRetries } from './retry.ts';
import { TablePrefixPlugin } from './table-prefix.ts';
import type { PanelTables } from './tables.ts';

/** SQLite waits inside the process and holds it up, so it waits briefly; longer waits are retries. */
const busyTimeoutMs = 5;

/**
 * Opens the panel's SQLite file, which must exist.
 *
 * @throws OperatorError where the file is missing or can't be opened.
 */
export function openSqlite(file: string, prefix: string, tables: readonly string[]): Database {
  const connection = openFile(file);
  const queries = new Kysely<PanelTables>({
    dialect: new SqliteDialect({ database: adapt(connection) }),
    plugins: prefix === '' ? [] : [new TablePrefixPlugin(prefix, tables)],
  });
  return new SqliteFile(queries, prefix);
}

function openFile(file: string): DatabaseSync {
  try {
    const connection = new DatabaseSync(file, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
    // Opening alone touches nothing; this finds a missing folder, a wrong file or missing rights.
    connection.prepare('select count(*) from sqlite_master').get();
    return connection;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(`cannot open the panel's SQLite file ${file}: ${reason}`);
  }
}

/**
 * node:sqlite in the shape Kysely drives. Transactions take the write lock at their start: one that only
 * finds out half-way that another process writes could not be retried without losing what it read.
 */
function adapt(connection: DatabaseSync): KyselySqlite {
  return {
    close: () => connection.close(),
    prepare(text) {
      const statement = connection.prepare(text === 'begin' ? 'begin immediate' : text);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
        run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
        iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
      };
    },
  };
}

class SqliteFile implements Database {
  readonly kind = 'sqlite';
  readonly queries: Kysely<PanelTables>;
  readonly #prefix: string;

  constructor(queries: Kysely<PanelTables>, prefix: string) {
    this.queries = queries;
    this.#prefix = prefix;
  }

  transaction<Result>(work: (queries: Queries) => Promise<Result>): Promise<Result> {
    return withConflictRetries(() => this.queries.transaction().execute(work));
  }

  /** A transaction holds the whole file. */
  async lockUser(): Promise<void> {}

  async ping(): Promise<void> {
    await sql`select 1`.execute(this.queries);
  }

  async columns(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const { rows } = await sql<{ table_name: string; column_name: string }>`
      select m.name as table_name, c.name as column_name
      from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table'`.execute(this.queries);
    const tables = new Map<string, Set<string>>();
    for (const { table_name, column_name } of rows) {
      if (!table_name.startsWith(this.#prefix)) continue;
      const name = table_name.slice(this.#prefix.length);
      const columns = tables.get(name) ?? new Set<string>();
      tables.set(name, columns.add(column_name));
    }
    return tables;
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
