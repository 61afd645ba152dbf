import type { MysqlPool, MysqlPoolConnection } from 'kysely';
import type { Pool, PoolConnection, QueryError, QueryResult } from 'mysql2';
import { DatabaseUnavailableError } from './errors.ts';
import { ExistingTimes } from './existing-times.ts';
import { UnbrokenTransactions } from './unbroken-transactions.ts';

type ConnectionCallback = (error: unknown, connection: MysqlPoolConnection) => void;
type QueryCallback = (error: unknown, result: QueryResult) => void;

/**
 * A mysql2 pool in which nothing waits for ever: neither for a free connection nor for an answer. A
 * connection whose answer is overdue is thrown away, as what it would answer next belongs to the past.
 *
 * Statements with parameters are prepared on the server and their parameters travel apart from the text, so
 * no value is ever quoted into SQL, whatever the server's quoting mode.
 */
export class BoundedPool implements MysqlPool {
  readonly #pool: Pool;
  readonly #timeoutMs: number;
  readonly #isGaleraNode: () => boolean;
  readonly #wrapped = new WeakMap<PoolConnection, MysqlPoolConnection>();

  /** @param isGaleraNode Whether the server is one of a Galera cluster; see `UnbrokenTransactions`. */
  constructor(pool: Pool, timeoutMs: number, isGaleraNode: () => boolean) {
    this.#pool = pool;
    this.#timeoutMs = timeoutMs;
    this.#isGaleraNode = isGaleraNode;
  }

  getConnection(callback: ConnectionCallback): void {
    let expired = false;
    const timer = setTimeout(() => {
      expired = true;
      fail(
        callback,
        new DatabaseUnavailableError(`no free database connection within ${this.#timeoutMs} ms`),
      );
    }, this.#timeoutMs);
    this.#pool.getConnection((error, connection) => {
      clearTimeout(timer);
      if (expired) {
        if (!error) connection.release();
      } else if (error) {
        fail(callback, error);
      } else {
        callback(null, this.#wrap(connection));
      }
    });
  }

  end(callback: (error: unknown) => void): void {
    this.#pool.end((error) => callback(error));
  }

  #wrap(connection: PoolConnection): MysqlPoolConnection {
    const known = this.#wrapped.get(connection);
    if (known) return known;
    const bounded = new BoundedConnection(connection, this.#timeoutMs);
    const wrapped = new UnbrokenTransactions(new ExistingTimes(bounded), this.#isGaleraNode);
    this.#wrapped.set(connection, wrapped);
    return wrapped;
  }
}

/** Kysely ignores the connection of a failed acquisition, but its type wants one. */
function fail(callback: ConnectionCallback, error: unknown): void {
  callback(error, undefined as unknown as MysqlPoolConnection);
}

class BoundedConnection {
  readonly #connection: PoolConnection;
  readonly #timeoutMs: number;

  constructor(connection: PoolConnection, timeoutMs: number) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
  }

  query(sql: string, parameters: readonly unknown[]): never;
  query(sql: string, parameters: readonly unknown[], callback: QueryCallback): void;
  query(sql: string, parameters: readonly unknown[], callback?: QueryCallback): void {
    if (!callback) throw new Error('streaming from this pool is not supported');
    let done = false;
    const timer = setTimeout(() => {
      done = true;
      this.#connection.destroy();
      const reason = `the database did not answer within ${this.#timeoutMs} ms`;
      callback(new DatabaseUnavailableError(reason), undefined as unknown as QueryResult);
    }, this.#timeoutMs);
    const settle = (error: QueryError | null, result: QueryResult) => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      callback(error, result);
    };
    // BEGIN, COMMIT and the like have no parameters and cannot be prepared on every server.
    if (parameters.length === 0) this.#connection.query(sql, settle);
    else this.#connection.execute(sql, parameters as (string | number | null)[], settle);
  }

  release(): void {
    this.#connection.release();
  }

  destroy(): void {
    this.#connection.destroy();
  }
}
