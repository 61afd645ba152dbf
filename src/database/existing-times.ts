import type { QueryResult } from 'mysql2';
import type { WatchedConnection } from './unbroken-transactions.ts';

type Callback = (error: unknown, result: QueryResult) => void;

/** MySQL's and MariaDB's number for a value that is none of its column's type, a time that does not exist among them. */
const incorrectValue = 1292;
const namedTime = /'(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)'/;

/**
 * A connection that writes times which do not exist as the next one that does.
 *
 * Pelican writes the times of UTC into sessions of whatever zone the server has. Where that has summer time, there is an
 * hour a year which its clock skips. The panel's sessions are not strict: they store the time at which the clock goes on.
 * Those of this service are, and would refuse the row.
 */
export class ExistingTimes implements WatchedConnection {
  readonly #connection: WatchedConnection;

  constructor(connection: WatchedConnection) {
    this.#connection = connection;
  }

  query(sql: string, parameters: readonly unknown[]): never;
  query(sql: string, parameters: readonly unknown[], callback: Callback): void;
  query(sql: string, parameters: readonly unknown[], callback?: Callback): void {
    if (!callback) throw new Error('streaming from this pool is not supported');
    this.#connection.query(sql, parameters, (error, result) => {
      const time = error === null ? null : refusedTime(error, parameters);
      if (time === null) callback(error, result);
      // Of a transaction, only the statement was undone.
      else this.#repeat(time, { sql, parameters, callback, error });
    });
  }

  release(): void {
    this.#connection.release();
  }

  destroy(): void {
    this.#connection.destroy();
  }

  /**
   * Sends a statement again with the time at which the clock goes on. Each such time is later, so that this ends. A text
   * beside it that is nothing but the same time changes with it.
   */
  #repeat(time: string, { sql, parameters, callback, error }: Refused): void {
    const question = 'select cast(from_unixtime(unix_timestamp(?)) as char(19)) as next';
    this.#connection.query(question, [time], (failure, rows) => {
      const next = failure === null ? (rows as unknown as readonly { next: string | null }[])[0]?.next : null;
      // What is no time at all, or too late for the column, has none after it.
      if (typeof next !== 'string' || next <= time) return callback(error, rows);
      const existing = parameters.map((parameter) => (parameter === time ? next : parameter));
      this.query(sql, existing, callback);
    });
  }
}

/** A statement that was refused for a time. */
interface Refused {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly callback: Callback;
  readonly error: unknown;
}

/** The parameter that a statement was refused for, or null where it was for something else. */
function refusedTime(error: unknown, parameters: readonly unknown[]): string | null {
  if (!(error instanceof Error) || (error as { errno?: unknown }).errno !== incorrectValue) return null;
  // The text is in the server's language, and the value is what it quotes first.
  const time = namedTime.exec(error.message)?.[1];
  return time !== undefined && parameters.includes(time) ? time : null;
}
