import type { MysqlPoolConnection } from 'kysely';
import type { QueryResult } from 'mysql2';

type Callback = (error: unknown, result: QueryResult) => void;

/** What a connection must have to be watched. */
export interface WatchedConnection extends MysqlPoolConnection {
  query(sql: string, parameters: readonly unknown[]): never;
  query(sql: string, parameters: readonly unknown[], callback: Callback): void;
  /** Throws the connection away. */
  destroy(): void;
}

/**
 * A connection to a node of a Galera cluster whose transactions are committed whole or not at all.
 *
 * A node rolls a transaction back when another node's takes precedence, and tells so with the next answer. While it
 * prepares a statement it may forget to tell. The statements that follow would then stand alone, each committed by
 * itself. So they run without autocommit, which makes them a new transaction, and a savepoint tells the two apart at
 * the end: only the first has it. Where it is gone the commit fails as a conflict, and nothing was changed.
 */
export class UnbrokenTransactions implements MysqlPoolConnection {
  readonly #connection: WatchedConnection;
  readonly #isGaleraNode: () => boolean;
  #isWatched = false;

  /** @param isGaleraNode Asked at the beginning of each transaction. */
  constructor(connection: WatchedConnection, isGaleraNode: () => boolean) {
    this.#connection = connection;
    this.#isGaleraNode = isGaleraNode;
  }

  query(sql: string, parameters: readonly unknown[]): never;
  query(sql: string, parameters: readonly unknown[], callback: Callback): void;
  query(sql: string, parameters: readonly unknown[], callback?: Callback): void {
    if (!callback) throw new Error('streaming from this pool is not supported');
    if (sql === 'begin' && this.#isGaleraNode()) this.#begin(callback);
    else if (sql === 'commit' && this.#isWatched) this.#commit(callback);
    else if (sql === 'rollback' && this.#isWatched) this.#end(sql, callback);
    else this.#connection.query(sql, parameters, callback);
  }

  release(): void {
    this.#connection.release();
  }

  #begin(callback: Callback): void {
    this.#isWatched = true;
    let failure: unknown = null;
    // Sent together: the second waits for the first on the server, not here.
    this.#run('set autocommit = 0', (error) => {
      failure = error;
    });
    this.#run('savepoint unbroken', (error, result) => callback(failure ?? error, result));
  }

  #commit(callback: Callback): void {
    this.#run('release savepoint unbroken', (error, result) => {
      if (error) callback(error, result);
      else this.#end('commit', callback);
    });
  }

  #end(sql: 'commit' | 'rollback', callback: Callback): void {
    this.#run(sql, (error, result) => {
      // Only once nothing is open: this would commit it.
      if (!error) this.#restoreAutocommit();
      callback(error, result);
    });
  }

  /** Whatever the connection is used for next comes after this. */
  #restoreAutocommit(): void {
    this.#isWatched = false;
    this.#run('set autocommit = 1', (error) => {
      if (error) this.#connection.destroy();
    });
  }

  #run(sql: string, callback: Callback): void {
    this.#connection.query(sql, [], callback);
  }
}
