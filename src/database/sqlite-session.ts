import { CompiledQuery, type DatabaseConnection, type QueryResult } from 'kysely';
import { DatabaseUnavailableError } from './errors.ts';
import type { SqliteLane } from './sqlite-lane.ts';

/** The two connections to a file: who only reads goes past those who wait to write. */
export interface SqliteLanes {
  readonly reads: SqliteLane;
  readonly writes: SqliteLane;
}

/**
 * What one caller does with the file, for no longer than its timeout. A transaction waits for nothing once it
 * holds the file: its statements follow each other within one turn of the event loop, whatever else this
 * process has to do.
 */
export class SqliteSession implements DatabaseConnection {
  readonly #lanes: SqliteLanes;
  readonly #deadline: number;
  #isInTransaction = false;

  constructor(lanes: SqliteLanes, timeoutMs: number) {
    this.#lanes = lanes;
    this.#deadline = performance.now() + timeoutMs;
  }

  /**
   * @throws the driver's own error where a statement of a transaction finds the file busy, so that all of it
   *   is rolled back and the file free; DatabaseUnavailableError where another statement still does at the
   *   deadline.
   */
  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#isInTransaction) return this.#lanes.writes.run<Row>(query);
    const lane = this.#laneOf(query);
    await lane.take(this.#deadline);
    try {
      return await lane.runWhenFree<Row>(query, this.#deadline);
    } finally {
      lane.pass();
    }
  }

  /**
   * Takes the write lock at once: a transaction that found out half-way that another process writes could
   * not go on without losing what it read.
   */
  async begin(): Promise<void> {
    const { writes } = this.#lanes;
    await writes.take(this.#deadline);
    try {
      // Also ends a series of tries that all got this far, and were rolled back because others read.
      if (performance.now() >= this.#deadline)
        throw new DatabaseUnavailableError('the SQLite file is too busy');
      await writes.runWhenFree(CompiledQuery.raw('begin immediate'), this.#deadline);
      this.#isInTransaction = true;
    } catch (error) {
      writes.pass();
      throw error;
    }
  }

  /** @throws the driver's own error where others who read keep the file from being written. */
  commit(): void {
    this.#lanes.writes.run(CompiledQuery.raw('commit'));
    this.#end();
  }

  /** Undoes the transaction and lets go of the file. */
  rollback(): void {
    const { writes } = this.#lanes;
    try {
      // Where SQLite has rolled back by itself there is nothing left to undo.
      if (writes.isInTransaction) writes.run(CompiledQuery.raw('rollback'));
    } finally {
      this.#end();
    }
  }

  // biome-ignore lint/correctness/useYield: nothing here reads row by row.
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error('streaming from SQLite is not supported');
  }

  #end(): void {
    this.#isInTransaction = false;
    this.#lanes.writes.pass();
  }

  /** Statements that are written out by hand only read, outside of transactions. */
  #laneOf({ query }: CompiledQuery): SqliteLane {
    const isRead = query.kind === 'SelectQueryNode' || query.kind === 'RawNode';
    return isRead ? this.#lanes.reads : this.#lanes.writes;
  }
}
