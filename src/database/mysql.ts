import { type AliasedExpression, type Insertable, Kysely, MysqlDialect, sql } from 'kysely';
import type { MysqlSettings } from '../panel/env/database-settings.ts';
import { BoundedPool } from './bounded-pool.ts';
import { type CatalogueRow, toVisibleColumns, type VisibleColumns } from './columns.ts';
import type {
  Database,
  ExactTexts,
  NumberedColumn,
  NumberedTable,
  PortWay,
  Queries,
  SessionSettings,
  Tables,
} from './database.ts';
import { classifyFailure } from './errors.ts';
import { clusterSize, markNode, markUser } from './galera.ts';
import type { DatabaseLimits } from './limits.ts';
import { type MysqlPool, openMysqlPool } from './mysql-pool.ts';
import { withConflictRetries } from './retry.ts';
import { rolledBack } from './rolled-back.ts';
import { TablePrefixPlugin } from './table-prefix.ts';
import type { AllocationsTable } from './tables.ts';

/**
 * Opens the panel's MySQL or MariaDB database. Nothing is sent before the first statement.
 *
 * @throws OperatorError where a TLS file named in the panel's settings can't be read.
 */
export function openMysql(
  settings: MysqlSettings,
  limits: DatabaseLimits,
  sessionSettings: SessionSettings,
  tables: readonly string[],
): Database {
  const { pool, ...session } = openMysqlPool(settings, limits, sessionSettings);
  const queries = new Kysely<Tables>({
    dialect: new MysqlDialect({ pool: new BoundedPool(pool, limits.timeoutMs, session.isGaleraNode) }),
    plugins: settings.prefix === '' ? [] : [new TablePrefixPlugin(settings.prefix, tables)],
  });
  return new MysqlDatabase(queries, settings.prefix, session);
}

/** The column that an INSERT was refused for, or null where it was not for a column without default. */
function columnWithoutDefault(error: unknown): string | null {
  if (!(error instanceof Error) || (error as { code?: unknown }).code !== 'ER_NO_DEFAULT_FOR_FIELD')
    return null;
  // The text is in the server's language, and the name is what it quotes first.
  return /'(.+?)'/.exec(error.message)?.[1] ?? null;
}

/** A column by the server's own catalogue. */
interface CatalogueColumn {
  readonly name: string;
  /** In lower case, without its length. */
  readonly type: string;
  readonly nullable: 0 | 1;
}

/** A value that a column takes; a row of such values may still be refused for what it refers to. */
function anyValue(column: CatalogueColumn | undefined): string | number | null {
  if (column === undefined || column.nullable) return null;
  const { type } = column;
  if (type.endsWith('int')) return 0;
  if (type === 'timestamp') return '2000-01-01 00:00:00';
  return type === 'json' ? '[]' : '';
}

async function serverVersion(queries: Kysely<Tables>): Promise<string> {
  const { rows } = await sql<{ version: string }>`select version() as version`.execute(queries);
  return rows[0]?.version ?? 'unknown';
}

/** The columns of the panel's index that gives each way. */
const portIndexColumns: Readonly<Record<PortWay, string>> = {
  'by-id': 'id',
  'free-by-id': 'server_id',
  'node-by-address': 'node_id,ip,port',
};

class MysqlDatabase implements Database {
  readonly kind = 'mysql';
  /** An unsigned INT's. */
  readonly largestId = 4_294_967_295;
  readonly queries: Kysely<Tables>;
  /**
   * TIMESTAMP columns count seconds in 31 bits, until 2038-01-19T03:14:07Z. A session's zone may be up to 14 hours from
   * the times that are written into it: on any server the day before is safe.
   */
  readonly latestTimestamp = new Date('2038-01-18T00:00:00Z');
  /** Whatever the database's own defaults are: they may be an 8-bit character set, or tables without transactions. */
  readonly exactTexts: ExactTexts = (table) =>
    table.modifyEnd(sql`engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`);
  readonly numberedColumn: NumberedColumn = (table) =>
    this.exactTexts(table).addColumn('id', 'bigint', (column) =>
      column.unsigned().autoIncrement().primaryKey(),
    );
  // From UTC: the local time of a zone with summer time is the same twice in one night of the year.
  readonly nowMs = sql<number>`(timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000)`;
  readonly #prefix: string;
  #portIndexes: Promise<ReadonlyMap<string, string>> | null = null;
  readonly #session: Omit<MysqlPool, 'pool'>;

  /** @param session What the latest session was found to be like. */
  constructor(queries: Kysely<Tables>, prefix: string, session: Omit<MysqlPool, 'pool'>) {
    this.queries = queries;
    this.#prefix = prefix;
    this.#session = session;
  }

  transaction<Result>(work: (queries: Queries) => Promise<Result>): Promise<Result> {
    return withConflictRetries(() => this.queries.transaction().execute(work));
  }

  async lockUser(queries: Queries, userId: number): Promise<void> {
    const rows = await queries
      .selectFrom('users')
      .select('id')
      .where('id', '=', userId)
      .forUpdate()
      .execute();
    if (rows.length > 0 && this.#session.isGaleraNode()) await markUser(queries, userId);
  }

  async ping(): Promise<void> {
    try {
      await sql`select 1`.execute(this.queries);
    } catch (error) {
      // Of a session that could not be set up the driver only knows that its connection is gone.
      throw this.#session.setUpFailure() ?? error;
    }
  }

  async lockNode(queries: Queries, nodeId: number): Promise<void> {
    const rows = await queries
      .selectFrom('nodes')
      .select('id')
      .where('id', '=', nodeId)
      .forUpdate()
      .execute();
    if (rows.length > 0 && this.#session.isGaleraNode()) await markNode(queries, nodeId);
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
      select table_name as table_name, column_name as column_name
      from information_schema.columns where table_schema = database()`.execute(this.queries);
    return toVisibleColumns(rows, this.#prefix);
  }

  /**
   * The catalogue hides columns that nothing is granted on. In strict mode a row is refused for them all the same.
   * MariaDB refuses an INSERT of no rows too, which leaves nothing behind. MySQL looks at each row, so one is written
   * there, and rolled back.
   */
  async mandatoryColumnsBeyond(given: readonly string[], table: string): Promise<readonly string[]> {
    const into = sql`insert into ${sql.table(table)} (${sql.join(given.map((column) => sql.ref(column)))})`;
    try {
      if ((await serverVersion(this.queries)).includes('MariaDB')) {
        const nothing = sql.join(given.map(() => sql`null`));
        await sql`${into} select ${nothing} from dual where 1 = 0`.execute(this.queries);
      } else {
        const values = sql.join(await this.#anyValues(given, table));
        await rolledBack(this, (queries) => sql`${into} values (${values})`.execute(queries));
      }
      return [];
    } catch (error) {
      const column = columnWithoutDefault(error);
      if (column !== null) return [column];
      if (classifyFailure(error) === 'unavailable') throw error;
      // Refused for another reason, which whoever inserts rows will be told.
      return [];
    }
  }

  /** A value for each of these columns. */
  async #anyValues(given: readonly string[], table: string): Promise<readonly (string | number | null)[]> {
    const { rows } = await sql<CatalogueColumn>`
      select column_name as name, data_type as type, is_nullable = 'YES' as nullable
      from information_schema.columns
      where table_schema = database() and table_name = ${this.#prefix + table}`.execute(this.queries);
    const columns = new Map(rows.map((column) => [column.name, column]));
    return given.map((name) => anyValue(columns.get(name)));
  }

  async version(): Promise<string> {
    const version = await serverVersion(this.queries);
    const server = version.includes('MariaDB') ? `MariaDB ${version}` : `MySQL ${version}`;
    const size = await clusterSize(this.queries);
    return size === 0 ? server : `${server}, one of ${size} Galera nodes`;
  }

  async now(): Promise<Date> {
    const { rows } = await sql<{ now: string }>`select utc_timestamp(3) as now`.execute(this.queries);
    return new Date(`${String(rows[0]?.now).replace(' ', 'T')}Z`);
  }

  async close(): Promise<void> {
    await this.queries.destroy();
  }
}
