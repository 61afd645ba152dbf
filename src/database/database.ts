import type {
  AliasedExpression,
  CreateTableBuilder,
  Insertable,
  Kysely,
  RawBuilder,
  Transaction,
} from 'kysely';
import type { VisibleColumns } from './columns.ts';
import type { OwnTables } from './own-tables.ts';
import type { AllocationsTable, PanelTables } from './tables.ts';

/** Every table a statement may name: the panel's, and this service's own where they have been made. */
export interface Tables extends PanelTables, OwnTables {}

/** Adds a primary key `id` that the database numbers by itself. */
export type NumberedColumn = (table: CreateTableBuilder<string, never>) => CreateTableBuilder<string, 'id'>;

/** Makes the texts of a table hold whatever Unicode has, and compare exactly. */
export type ExactTexts = (table: CreateTableBuilder<string, never>) => CreateTableBuilder<string, never>;

/** A query builder, in or outside a transaction. */
export type Queries = Kysely<Tables> | Transaction<Tables>;

/** A table whose rows get their id from the database. */
export type NumberedTable = 'api_keys' | 'activity_logs' | 'sidecar_idempotency' | 'sidecar_outbox';

/**
 * Ways through the table of ports that the panel's own indexes give: all or the free ones in order of id, and
 * those of a node in order of address and port. Some optimisers take another unless they are told.
 */
export type PortWay = 'by-id' | 'free-by-id' | 'node-by-address';

/** How a panel wants the sessions of its database set up. */
export interface SessionSettings {
  /** The session time zone (`+00:00`, `Europe/Berlin`, …); null leaves the server's own. */
  readonly timeZone: string | null;
}

/**
 * The panel's database behind one shape, whatever server it is. Every method rejects with
 * `DatabaseUnavailableError` where the server is away or too slow, and with the driver's own error
 * otherwise.
 */
export interface Database {
  readonly kind: 'mysql' | 'sqlite' | 'postgres';
  readonly queries: Kysely<Tables>;
  /** The largest id that the columns the panel makes on this server hold; some refuse to compare larger ones. */
  readonly largestId: number;
  /** The last instant that the panel's timestamp columns can hold; null where no date is too late. */
  readonly latestTimestamp: Date | null;
  /**
   * Runs `work` in one transaction. `work` may run more than once: a deadlock or a busy file rolls
   * everything back and starts it again, a bounded number of times, so it must do nothing but database work.
   * A failed COMMIT is never repeated, as it may have happened.
   */
  transaction<Result>(work: (queries: Queries) => Promise<Result>): Promise<Result>;
  /** Holds the row of this user until the transaction ends, so that changes to a user's keys queue up. */
  lockUser(queries: Queries, userId: number): Promise<void>;
  /** Holds a node until the transaction ends, against others who would decide what still fits on it. */
  lockNode(queries: Queries, nodeId: number): Promise<void>;
  /** In SQL: Unix milliseconds by the database's own clock. */
  readonly nowMs: RawBuilder<number>;
  /** The table of ports, as `a`, for a statement that walks it in one of the ways that an index gives. */
  portsBy(way: PortWay): Promise<AliasedExpression<AllocationsTable, 'a'>>;
  /** Resolves when the database answers a trivial statement. */
  ping(): Promise<void>;
  /** Inserts one row and answers with its id. */
  insertRow<Table extends NumberedTable>(
    queries: Queries,
    table: Table,
    row: Insertable<Tables[Table]>,
  ): Promise<number>;
  /** Adds a primary key `id` that the database numbers by itself to a table about to be made. */
  readonly numberedColumn: NumberedColumn;
  /** Makes texts exact in a table about to be made that has no such key; `numberedColumn` does it by itself. */
  readonly exactTexts: ExactTexts;
  /** The tables and columns this account can see. */
  columns(): Promise<VisibleColumns>;
  /**
   * The columns of a table that have no default and are not among `given`: without them a row is refused.
   * Unlike `columns`, this also finds those that the account has no right to see; a server may name but the
   * first.
   */
  mandatoryColumnsBeyond(given: readonly string[], table: string): Promise<readonly string[]>;
  /** The server's name and version, for people. */
  version(): Promise<string>;
  /** The database's own clock. */
  now(): Promise<Date>;
  /** Waits for running statements and closes every connection. */
  close(): Promise<void>;
}
