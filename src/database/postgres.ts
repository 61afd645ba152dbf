import { type AliasedExpression, type Insertable, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { PgsqlSettings } from '../panel/env/database-settings.ts';
import { BoundedPostgresPool } from './bounded-postgres-pool.ts';
import { type CatalogueRow, toVisibleColumns, type VisibleColumns } from './columns.ts';
import type { Database, ExactTexts, NumberedColumn, NumberedTable, Queries, Tables } from './database.ts';
import type { DatabaseLimits } from './limits.ts';
import { PostgresEncryption } from './postgres-encryption.ts';
import { withConflictRetries } from './retry.ts';
import { TablePrefixPlugin } from './table-prefix.ts';
import type { AllocationsTable } from './tables.ts';

/** Names this service's advisory locks among those of other programs: the text "psc", read as a number. */
const lockNamespace = 0x707363;

/** Another of its own, for nodes. */
const nodeLockNamespace = lockNamespace + 1;

/** Types whose values are wanted as the text they are: timestamps without a zone, dates, JSON. */
const textTypes = new Set([1114, 1082, 114, 3802]);

/** Opens the panel's PostgreSQL database. Nothing is sent before the first statement. */
export function openPostgres(
  settings: PgsqlSettings,
  limits: DatabaseLimits,
  tables: readonly string[],
): Database {
  const encryption = new PostgresEncryption(settings.sslMode, settings.host);
  const pool = new pg.Pool({
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    password: settings.password,
    max: limits.poolSize,
    connectionTimeoutMillis: limits.timeoutMs,
    ssl: encryption.option,
    types: {
      getTypeParser: ((oid: number, format?: string) =>
        textTypes.has(oid) ? String : pg.types.getTypeParser(oid, format as 'text')) as never,
    },
  });
  // A connection that breaks while idle is replaced; whoever needs it next sees the error of that attempt.
  pool.on('error', () => undefined);
  const setUp = sessionStatement(settings, limits);
  pool.on('connect', (client) => {
    client.query(setUp).catch(() => client.end().catch(() => undefined));
  });
  const queries = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: new BoundedPostgresPool(pool, limits.timeoutMs, encryption) }),
    plugins: settings.prefix === '' ? [] : [new TablePrefixPlugin(settings.prefix, tables)],
  });
  return new PostgresDatabase(queries, settings.prefix);
}

/** The schemas that a panel names, as Laravel takes them apart: at commas, spaces and quotes. */
function searchPath(schemas: string): string {
  const names = schemas.match(/[^\s,"']+/g) ?? ['public'];
  return names.map((name) => `"${name}"`).join(', ');
}

/**
 * The statement every session begins with. Whatever the server's or the account's defaults are, timestamps are
 * read as ISO text, and a statement sees what was committed before it, so that whoever waited for a lock reads
 * what its last holder wrote.
 */
function sessionStatement({ schema }: PgsqlSettings, { timeoutMs }: DatabaseLimits): string {
  const settings = {
    search_path: searchPath(schema),
    statement_timeout: timeoutMs,
    lock_timeout: timeoutMs,
    datestyle: "'ISO'",
    default_transaction_isolation: "'read committed'",
  };
  return Object.entries(settings)
    .map(([name, value]) => `set ${name} to ${value}`)
    .join('; ');
}

class PostgresDatabase implements Database {
  readonly kind = 'postgres';
  /** A signed integer's. */
  readonly largestId = 2_147_483_647;
  readonly queries: Kysely<Tables>;
  readonly latestTimestamp = null;
  readonly exactTexts: ExactTexts = (table) => table;
  readonly numberedColumn: NumberedColumn = (table) =>
    table.addColumn('id', 'bigserial', (column) => column.primaryKey());
  // Of the statement's start, which stays the same for all its rows, so that an index on times is of use.
  readonly nowMs = sql<number>`cast(extract(epoch from statement_timestamp()) * 1000 as bigint)`;
  readonly #prefix: string;

  constructor(queries: Kysely<Tables>, prefix: string) {
    this.queries = queries;
    this.#prefix = prefix;
  }

  transaction<Result>(work: (queries: Queries) => Promise<Result>): Promise<Result> {
    return withConflictRetries(() => this.queries.transaction().execute(work));
  }

  /** An advisory lock, as locking the row would need the right to write users. */
  async lockUser(queries: Queries, userId: number): Promise<void> {
    await sql`select pg_advisory_xact_lock(${sql.lit(lockNamespace)}, ${userId}::int)`.execute(queries);
  }

  async lockNode(queries: Queries, nodeId: number): Promise<void> {
    await sql`select pg_advisory_xact_lock(${sql.lit(nodeLockNamespace)}, ${nodeId}::int)`.execute(queries);
  }

  async portsBy(): Promise<AliasedExpression<AllocationsTable, 'a'>> {
    return sql<AllocationsTable>`${sql.table('allocations')}`.as('a');
  }

  async insertRow<Table extends NumberedTable>(
    queries: Queries,
    table: Table,
    row: Insertable<Tables[Table]>,
  ): Promise<number> {
    const { id } = await queries
      .insertInto(table as NumberedTable)
      .values(row as never)
      .returning('id')
      .executeTakeFirstOrThrow();
    return Number(id);
  }

  async ping(): Promise<void> {
    await sql`select 1`.execute(this.queries);
  }

  async columns(): Promise<VisibleColumns> {
    const { rows } = await sql<CatalogueRow>`
      select table_name, column_name
      from information_schema.columns where table_schema = current_schema()`.execute(this.queries);
    return toVisibleColumns(rows, this.#prefix);
  }

  /** From the system's own catalogue: the standard's hides columns that nothing is granted on. */
  async mandatoryColumnsBeyond(given: readonly string[], table: string): Promise<readonly string[]> {
    const { rows } = await sql<{ column_name: string }>`
      select a.attname as column_name
      from pg_catalog.pg_attribute a
        join pg_catalog.pg_type t on t.oid = a.atttypid
        join pg_catalog.pg_class c on c.oid = a.attrelid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = current_schema() and c.relname = ${this.#prefix + table}
        and a.attnum > 0 and not a.attisdropped and a.attidentity = ''
        and (a.attnotnull or t.typnotnull) and not a.atthasdef and t.typdefault is null
      order by a.attnum`.execute(this.queries);
    return rows.map(({ column_name }) => column_name).filter((column) => !given.includes(column));
  }

  async version(): Promise<string> {
    const { rows } = await sql<{ server_version: string }>`show server_version`.execute(this.queries);
    return `PostgreSQL ${rows[0]?.server_version ?? 'unknown'}`;
  }

  async now(): Promise<Date> {
    const { rows } = await sql<{ now: string }>`
      select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as now`.execute(
      this.queries,
    );
    return new Date(String(rows[0]?.now));
  }

  async close(): Promise<void> {
    await this.queries.destroy();
  }
}
