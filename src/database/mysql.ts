import { readFileSync } from 'node:fs';
import { type AliasedExpression, type Insertable, Kysely, MysqlDialect, sql } from 'kysely';
import { createPool, type PoolOptions, type SslOptions } from 'mysql2';
import { OperatorError } from '../operator-error.ts';
import type { MysqlSettings } from '../panel/env/database-settings.ts';
import { BoundedPool } from './bounded-pool.ts';
import { type CatalogueRow, toVisibleColumns, type VisibleColumns } from './columns.ts';
import type {
  Database,
  NumberedColumn,
  NumberedTable,
  PortWay,
  Queries,
  SessionSettings,
  Tables,
} from './database.ts';
import type { DatabaseLimits } from './limits.ts';
import { withConflictRetries } from './retry.ts';
import { TablePrefixPlugin } from './table-prefix.ts';
import type { AllocationsTable } from './tables.ts';

/** Statements each connection keeps prepared; a batch's size is part of its text, so there are many. */
const preparedPerConnection = 512;

/**
 * Opens the panel's MySQL or MariaDB database. Nothing is sent before the first statement.
 *
 * @throws OperatorError where a TLS file named in the panel's settings can't be read.
 */
export function openMysql(
  settings: MysqlSettings,
  limits: DatabaseLimits,
  session: SessionSettings,
  tables: readonly string[],
): Database {
  const pool = createPool(poolOptions(settings, limits));
  const setUp = sessionStatement(limits, session);
  let setUpFailure: unknown = null;
  pool.on('connection', (connection) => {
    connection.query(setUp, (error) => {
      setUpFailure = error;
      // A session that could not be set up would read and write shifted times: never hand it out.
      if (error) (connection as unknown as { destroy(): void }).destroy();
    });
  });
  const queries = new Kysely<Tables>({
    dialect: new MysqlDialect({ pool: new BoundedPool(pool, limits.timeoutMs) }),
    plugins: settings.prefix === '' ? [] : [new TablePrefixPlugin(settings.prefix, tables)],
  });
  return new MysqlDatabase(queries, settings.prefix, () => setUpFailure);
}

/**
 * The statement every session begins with. The SQL mode is fixed so that a value too long or out of range is
 * an error here, never cut short in silence, whatever the server's default is.
 */
function sessionStatement(limits: DatabaseLimits, session: SessionSettings): string {
  const seconds = Math.max(1, Math.floor(limits.timeoutMs / 1000));
  const parts = [
    `sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'`,
    `innodb_lock_wait_timeout = ${seconds}`,
  ];
  if (session.timeZone !== null) parts.push(`time_zone = '${session.timeZone.replaceAll("'", "''")}'`);
  return `SET SESSION ${parts.join(', ')}`;
}

function poolOptions(settings: MysqlSettings, limits: DatabaseLimits): PoolOptions {
  const address = settings.socket
    ? { socketPath: settings.socket }
    : { host: settings.host, port: settings.port };
  return {
    ...address,
    user: settings.user,
    password: settings.password,
    database: settings.database,
    charset: 'utf8mb4_unicode_ci',
    dateStrings: true,
    jsonStrings: true,
    connectionLimit: limits.poolSize,
    connectTimeout: limits.timeoutMs,
    maxPreparedStatements: preparedPerConnection,
    ...(settings.tls === null ? {} : { ssl: tlsOptions(settings.tls) }),
  };
}

function tlsOptions(tls: NonNullable<MysqlSettings['tls']>): SslOptions {
  const file = (path: string | null) => {
    if (path === null) return {};
    try {
      return readFileSync(path, 'utf8');
    } catch {
      throw new OperatorError(`cannot read ${path}, which the panel's MYSQL_ATTR_SSL_* settings name`);
    }
  };
  return {
    ...(tls.ca === null ? {} : { ca: file(tls.ca) as string }),
    ...(tls.cert === null ? {} : { cert: file(tls.cert) as string }),
    ...(tls.key === null ? {} : { key: file(tls.key) as string }),
    rejectUnauthorized: tls.verify,
  };
}

/** The columns of the panel's index that gives each way. */
const portIndexColumns: Readonly<Record<PortWay, string>> = {
  'free-by-id': 'server_id',
  'node-by-address': 'node_id,ip,port',
};

class MysqlDatabase implements Database {
  readonly kind = 'mysql';
  readonly queries: Kysely<Tables>;
  /** TIMESTAMP columns count seconds in 31 bits. */
  readonly latestTimestamp = new Date('2038-01-19T03:14:07Z');
  readonly numberedColumn: NumberedColumn = (table) =>
    table.addColumn('id', 'bigint', (column) => column.unsigned().autoIncrement().primaryKey());
  // From UTC: the local time of a zone with summer time is the same twice in one night of the year.
  readonly nowMs = sql<number>`(timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000)`;
  readonly #prefix: string;
  #portIndexes: Promise<ReadonlyMap<string, string>> | null = null;
  readonly #setUpFailure: () => unknown;

  /** @param setUpFailure Why the latest session could not be set up, or null where it could. */
  constructor(queries: Kysely<Tables>, prefix: string, setUpFailure: () => unknown) {
    this.queries = queries;
    this.#prefix = prefix;
    this.#setUpFailure = setUpFailure;
  }

  transaction<Result>(work: (queries: Queries) => Promise<Result>): Promise<Result> {
    return withConflictRetries(() => this.queries.transaction().execute(work));
  }

  async lockUser(queries: Queries, userId: number): Promise<void> {
    await queries.selectFrom('users').select('id').where('id', '=', userId).forUpdate().execute();
  }

  async ping(): Promise<void> {
    try {
      await sql`select 1`.execute(this.queries);
    } catch (error) {
      // Of a session that could not be set up the driver only knows that its connection is gone.
      throw this.#setUpFailure() ?? error;
    }
  }

  async lockNode(queries: Queries, nodeId: number): Promise<void> {
    await queries.selectFrom('nodes').select('id').where('id', '=', nodeId).forUpdate().execute();
  }

  async portsBy(way: PortWay): Promise<AliasedExpression<AllocationsTable, 'a'>> {
    this.#portIndexes ??= this.#findPortIndexes().catch((error) => {
      // Asked again next time.
      this.#portIndexes = null;
      throw error;
    });
    const index = (await this.#portIndexes).get(portIndexColumns[way]);
    const hint = index === undefined ? sql`a` : sql`a force index (${sql.id(index)})`;
    return sql<AllocationsTable>`${sql.table('allocations')}`.as<'a'>(hint);
  }

  /** The indexes on ports by their columns; under InnoDB each goes on with the primary key. */
  async #findPortIndexes(): Promise<ReadonlyMap<string, string>> {
    const table = `${this.#prefix}allocations`;
    const { rows } = await sql<{ columns: string; index_name: string }>`
      select index_name as index_name,
        group_concat(lower(column_name) order by seq_in_index separator ',') as columns
      from information_schema.statistics
      where table_schema = database() and table_name = ${table} group by index_name`.execute(this.queries);
    return new Map(rows.map(({ columns, index_name }) => [columns, index_name]));
  }

  async insertRow<Table extends NumberedTable>(
    queries: Queries,
    table: Table,
    row: Insertable<Tables[Table]>,
  ): Promise<number> {
    const { insertId } = await queries.insertInto(table).values(row).executeTakeFirstOrThrow();
    return Number(insertId);
  }

  async columns(): Promise<VisibleColumns> {
    const { rows } = await sql<CatalogueRow>`
      select table_name as table_name, column_name as column_name,
        is_nullable = 'NO' and column_default is null and extra not like '%auto_increment%'
          and extra not like '%GENERATED%' as is_mandatory
      from information_schema.columns where table_schema = database()`.execute(this.queries);
    return toVisibleColumns(rows, this.#prefix);
  }

  async version(): Promise<string> {
    const { rows } = await sql<{ version: string }>`select version() as version`.execute(this.queries);
    const version = rows[0]?.version ?? 'unknown';
    return version.includes('MariaDB') ? `MariaDB ${version}` : `MySQL ${version}`;
  }

  async now(): Promise<Date> {
    const { rows } = await sql<{ now: string }>`select utc_timestamp(3) as now`.execute(this.queries);
    return new Date(`${String(rows[0]?.now).replace(' ', 'T')}Z`);
  }

  async close(): Promise<void> {
    await this.queries.destroy();
  }
}
