import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type { Pool, PoolClient } from 'pg';
import { DatabaseUnavailableError } from './errors.ts';
import type { PostgresEncryption } from './postgres-encryption.ts';

/**
 * A pg pool in which nothing waits for ever. A connection whose answer is overdue is thrown away, as what it
 * would answer next belongs to the past.
 */
export class BoundedPostgresPool implements PostgresPool {
  readonly #pool: Pool;
  readonly #timeoutMs: number;
  readonly #encryption: PostgresEncryption;
  readonly #wrapped = new WeakMap<PoolClient, PostgresPoolClient>();

  /**
   * @param pool Bounds the wait for a free connection by itself (`connectionTimeoutMillis`).
   * @param encryption What the pool was made with, and is to go on with.
   */
  constructor(pool: Pool, timeoutMs: number, encryption: PostgresEncryption) {
    this.#pool = pool;
    this.#encryption = encryption;
    this.#timeoutMs = timeoutMs;
    // At once: a connection may break before whoever asked for it is told that it is there.
    pool.on('connect', (client) => {
      this.#wrapped.set(client, new BoundedClient(client, timeoutMs));
    });
  }

  async connect(): Promise<PostgresPoolClient> {
    const wrapped = this.#wrapped.get(await this.#acquire());
    if (wrapped === undefined) throw new Error('the pool gave out a connection that it never made');
    return wrapped;
  }

  async end(): Promise<void> {
    await this.#pool.end();
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      if (!this.#encryption.turnsFor(error)) throw error;
      this.#pool.options.ssl = this.#encryption.option;
      return await this.#pool.connect();
    }
  }

  async #acquire(): Promise<PoolClient> {
    try {
      return await this.#connect();
    } catch (error) {
      // Errors of the server and the system have codes. The pool's own time-out, and a server that hangs up on who
      // comes, have none.
      if (error instanceof Error && !('code' in error)) {
        const isTimeout = error.message.includes('timeout');
        const reason = isTimeout ? `no free database connection within ${this.#timeoutMs} ms` : error.message;
        throw new DatabaseUnavailableError(reason, { cause: error });
      }
      throw error;
    }
  }
}

class BoundedClient implements PostgresPoolClient {
  readonly #client: PoolClient;
  readonly #timeoutMs: number;
  #isUsable = true;

  constructor(client: PoolClient, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    const lose = () => {
      this.#isUsable = false;
    };
    // Also keeps the process alive where the connection breaks between two statements of a transaction.
    client.on('error', lose);
    client.on('end', lose);
  }

  query<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  query<Row>(
    sql: string | PostgresCursor<Row>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof sql !== 'string') throw new Error('reading by cursor from this pool is not supported');
    // The driver would let a ROLLBACK wait behind the statement that is overdue, for as long again.
    if (!this.#isUsable) return Promise.reject(lost());
    let timer: NodeJS.Timeout | undefined;
    const overdue = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.#isUsable = false;
        reject(new DatabaseUnavailableError(`the database did not answer within ${this.#timeoutMs} ms`));
      }, this.#timeoutMs);
    });
    return Promise.race([this.#ask<Row>(sql, parameters), overdue]).finally(() => clearTimeout(timer));
  }

  async #ask<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>> {
    try {
      return (await this.#client.query(sql, [...parameters])) as unknown as PostgresQueryResult<Row>;
    } catch (error) {
      // What the driver then throws has no code.
      if (this.#isUsable) throw error;
      throw lost(error);
    }
  }

  release(): void {
    this.#client.release(!this.#isUsable);
  }
}

function lost(cause?: unknown): DatabaseUnavailableError {
  return new DatabaseUnavailableError('the connection to the database is lost', { cause });
}
