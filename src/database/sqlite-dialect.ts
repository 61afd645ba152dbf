import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { type SqliteLanes, SqliteSession } from './sqlite-session.ts';

/** A SQLite file that is shared with the panel's processes, for the query builder. */
export class SharedSqliteDialect implements Dialect {
  readonly #lanes: SqliteLanes;
  readonly #timeoutMs: number;

  /** @param timeoutMs Longest wait for the file. */
  constructor(lanes: SqliteLanes, timeoutMs: number) {
    this.#lanes = lanes;
    this.#timeoutMs = timeoutMs;
  }

  createDriver(): Driver {
    return new SharedSqliteDriver(this.#lanes, this.#timeoutMs);
  }

  createQueryCompiler() {
    return new SqliteQueryCompiler();
  }

  createAdapter() {
    return new SqliteAdapter();
  }

  createIntrospector(queries: Kysely<unknown>) {
    return new SqliteIntrospector(queries);
  }
}

/** Its connections are sessions: callers share the two real ones. */
class SharedSqliteDriver implements Driver {
  readonly #lanes: SqliteLanes;
  readonly #timeoutMs: number;

  constructor(lanes: SqliteLanes, timeoutMs: number) {
    this.#lanes = lanes;
    this.#timeoutMs = timeoutMs;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new SqliteSession(this.#lanes, this.#timeoutMs);
  }

  async releaseConnection(): Promise<void> {}

  async beginTransaction(session: SqliteSession): Promise<void> {
    await session.begin();
  }

  async commitTransaction(session: SqliteSession): Promise<void> {
    session.commit();
  }

  async rollbackTransaction(session: SqliteSession): Promise<void> {
    session.rollback();
  }

  async destroy(): Promise<void> {}
}
