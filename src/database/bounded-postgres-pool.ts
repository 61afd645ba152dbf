import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type { Pool, PoolClient } from 'pg';
import { DatabaseUnavailableError } from './errors.ts';

/**
 * A pg pool in which nothing waits for ever. A connection whose answer is overdue is thrown away, as what it
 * would answer next belongs to the past.
 */
export class BoundedPostgresPool implements PostgresPool {
  readonly #pool: Pool;
  readonly #timeoutMs: number;
  readonly #wrapped = new WeakMap<PoolClient, PostgresPoolClient>();

  /** @param pool Bounds the wait for a free connection by itself (`connectionTimeoutMillis`). */
  constructor(pool: Pool, timeoutMs: number) {
    this.#pool = pool;
    this.#timeoutMs = timeoutMs;
  }

  async connect(): Promise<PostgresPoolClient> {
    const client = await this.#acquire();
    const known = this.#wrapped.get(client);
    if (known) return known;
    const wrapped = new BoundedClient(client, this.#timeoutMs);
    this.#wrapped.set(client, wrapped);
    return wrapped;
  }

  async end(): Promise<void> {
    await this.#pool.end();
  }

  async #acquire(): Promise<PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      // The pool's own time-out has no code.
      if (error instanceof Error && error.message.includes('timeout')) {
        const reason = `no free database connection within ${this.#timeoutMs} ms`;
        throw new DatabaseUnavailableError(reason, { cause: error });
      }
      throw error;
    }
  }
}

class BoundedClient implements PostgresPoolClient {
  readonly #client: PoolClient;
  readonly #timeoutMs: number;
  #isOverdue = false;

  constructor(client: PoolClient, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  query<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  query<Row>(
    sql: string | PostgresCursor<Row>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof sql !== 'string') throw new Error('reading by cursor from this pool is not supported');
    let timer: NodeJS.Timeout | undefined;
    const overdue = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.#isOverdue = true;
        reject(new DatabaseUnavailableError(`the database did not answer within ${this.#timeoutMs} ms`));
      }, this.#timeoutMs);
    });
    const answer = this.#client.query(sql, [...parameters]) as unknown as Promise<PostgresQueryResult<Row>>;
    // Its late failure concerns nobody any more.
    answer.catch(() => undefined);
    return Promise.race([answer, overdue]).finally(() => clearTimeout(timer));
  }

  release(): void {
    this.#client.release(this.#isOverdue);
  }
}
