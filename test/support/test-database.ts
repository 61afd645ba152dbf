import type { Dialect } from '../../src/demo/schema/types.ts';

/** What a test writes into a column. Times are `YYYY-MM-DD HH:MM:SS` in UTC, JSON is its text. */
export type SqlValue = string | number | bigint | null;

/** A row as it is read: times and JSON as text, numbers as numbers, a yes or no as 1 or 0. */
export type Row = Record<string, string | number | null>;

/** Runs statements on one database as its administrator. `?` stands for a parameter. */
export type SqlExecutor = {
  readonly dialect: Dialect;
  /** Reads rows. */
  query(sql: string, params?: readonly SqlValue[]): Promise<Row[]>;
  /** Changes something, and tells how many rows it changed. */
  execute(sql: string, params?: readonly SqlValue[]): Promise<number>;
};

/** Puts rows into tables. */
export type Seed = (db: SqlExecutor) => Promise<void>;

/** A database of a test's own. */
export type TestDatabase = SqlExecutor & {
  /** Empties these tables, whatever points to them, and fills them again. */
  refill(tables: readonly string[], seed: Seed): Promise<void>;
  /** Removes the database. */
  drop(): Promise<void>;
};

/** How to reach a database server as its administrator. */
export type ServerAddress = {
  readonly host: string;
  readonly port: number;
  readonly rootUser: string;
  readonly rootPassword: string;
};

/** A name that no other test uses, for databases and users. */
export function randomName(): string {
  return `t_${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}`;
}
