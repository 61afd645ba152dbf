import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { DatabaseUnavailableError } from './errors.ts';

/** Longest pause before a busy file is tried again, in milliseconds. */
const longestPauseMs = 10;
const busy = 5;

/**
 * node:sqlite for the query builder. The file is shared with the panel: whoever finds it locked waits outside
 * of SQLite, which would hold up the whole process, and tries again until the deadline.
 *
 * There is one connection; statements and transactions take turns on it.
 */
export class NodeSqliteDialect implements Dialect {
  readonly #connection: DatabaseSync;
  readonly #timeoutMs: number;

  constructor(connection: DatabaseSync, timeoutMs: number) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
  }

  createDriver(): Driver {
    return new NodeSqliteDriver(this.#connection, this.#timeoutMs);
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

class NodeSqliteDriver implements Driver {
  readonly #database: DatabaseSync;
  readonly #connection: SharedFile;
  readonly #turns: Turns;

  constructor(database: DatabaseSync, timeoutMs: number) {
    this.#database = database;
    this.#connection = new SharedFile(database, timeoutMs);
    this.#turns = new Turns(timeoutMs);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    await this.#turns.take();
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#turns.pass();
  }

  /**
   * Takes the write lock at once: a transaction that found out half-way that another process writes could
   * not go on without losing what it read.
   */
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // Where SQLite has rolled back by itself there is nothing left to undo.
    if (this.#database.isTransaction) await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async destroy(): Promise<void> {
    this.#database.close();
  }
}

class SharedFile implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #timeoutMs: number;

  constructor(database: DatabaseSync, timeoutMs: number) {
    this.#database = database;
    this.#timeoutMs = timeoutMs;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const deadline = performance.now() + this.#timeoutMs;
    for (;;) {
      try {
        return this.#run<Row>(sql, parameters as readonly SQLInputValue[]);
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (performance.now() >= deadline) {
          const reason = `another process kept the SQLite file locked for ${this.#timeoutMs} ms`;
          throw new DatabaseUnavailableError(reason, { cause: error });
        }
        await delay(1 + Math.random() * longestPauseMs);
      }
    }
  }

  #run<Row>(text: string, parameters: readonly SQLInputValue[]): QueryResult<Row> {
    const statement = this.#database.prepare(text);
    if (statement.columns().length > 0) return { rows: statement.all(...parameters) as Row[] };
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  // biome-ignore lint/correctness/useYield: nothing here reads row by row.
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error('streaming from SQLite is not supported');
  }
}

/** The low byte of SQLite's extended result code is the primary one. */
function isBusy(error: unknown): boolean {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === 'number' && (errcode & 0xff) === busy;
}

interface Waiting {
  readonly grant: () => void;
  readonly timer: NodeJS.Timeout;
}

/** Hands the one connection to those who wait, in order of arrival, none longer than the timeout. */
class Turns {
  readonly #timeoutMs: number;
  readonly #waiting = new Set<Waiting>();
  #isTaken = false;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  async take(): Promise<void> {
    if (!this.#isTaken) {
      this.#isTaken = true;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting);
        reject(new DatabaseUnavailableError(`no turn on the SQLite file within ${this.#timeoutMs} ms`));
      }, this.#timeoutMs);
      const waiting = { grant: resolve, timer };
      this.#waiting.add(waiting);
    });
  }

  pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#isTaken = false;
      return;
    }
    this.#waiting.delete(next);
    clearTimeout(next.timer);
    next.grant();
  }
}
