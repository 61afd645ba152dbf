import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import type { CompiledQuery, QueryResult } from 'kysely';
import { classifyFailure, DatabaseUnavailableError } from './errors.ts';
import { Turns } from './turns.ts';

/** A statement and its parameters. */
type Statement = Pick<CompiledQuery, 'sql' | 'parameters'>;

/** Longest pause before a busy file is tried again, in milliseconds. */
const longestPauseMs = 10;

/** A pause before a busy file is tried again. Its length is random, so that two who wait do not keep in step. */
export function untilNextTry(): Promise<void> {
  return delay(1 + Math.random() * longestPauseMs);
}

/**
 * One connection to a SQLite file, which callers use in turn. Whoever finds the file locked by another process
 * keeps the turn and waits outside of SQLite, which would hold up this whole process: of all who wait, one
 * tries.
 */
export class SqliteLane {
  readonly #database: DatabaseSync;
  readonly #leavesRoom: boolean;
  readonly #turns = new Turns();
  /** Since when the file may have been locked in this turn. */
  #lockedSince: number | null = null;

  /**
   * @param leavesRoom After each turn the file is left to other processes for as long as it was kept from
   *   them. They only look now and then, and would hardly ever find it free if the next turn began at once.
   */
  constructor(database: DatabaseSync, leavesRoom: boolean) {
    this.#database = database;
    this.#leavesRoom = leavesRoom;
  }

  /** Whether a transaction is open on this connection. */
  get isInTransaction(): boolean {
    return this.#database.isTransaction;
  }

  /**
   * Waits for the caller's turn, to be ended by `pass`.
   *
   * @param deadline As `performance.now` tells it.
   * @throws DatabaseUnavailableError at the deadline.
   */
  take(deadline: number): Promise<void> {
    return this.#turns.take(deadline);
  }

  /** Ends the caller's turn. */
  pass(): void {
    const since = this.#lockedSince;
    this.#lockedSince = null;
    this.#turns.pass(since === null || !this.#leavesRoom ? 0 : performance.now() - since);
  }

  /** Runs a statement at once. */
  run<Row>({ sql, parameters }: Statement): QueryResult<Row> {
    if (!this.#database.isTransaction) this.#lockedSince = performance.now();
    const statement = this.#database.prepare(sql);
    const values = parameters as readonly SQLInputValue[];
    if (statement.columns().length > 0) return { rows: statement.all(...values) as Row[] };
    const { changes, lastInsertRowid } = statement.run(...values);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  /**
   * Runs a statement as soon as no other process keeps it from running.
   *
   * @throws DatabaseUnavailableError at the deadline.
   */
  async runWhenFree<Row>(statement: Statement, deadline: number): Promise<QueryResult<Row>> {
    for (;;) {
      try {
        return this.run<Row>(statement);
      } catch (error) {
        if (classifyFailure(error) !== 'conflict') throw error;
        if (performance.now() >= deadline) {
          throw new DatabaseUnavailableError('another process keeps the SQLite file locked', {
            cause: error,
          });
        }
        await untilNextTry();
      }
    }
  }
}
