/** The database can't be reached or didn't answer in time. Callers get 503 and may try again. */
export class DatabaseUnavailableError extends Error {
  override name = 'DatabaseUnavailableError';
}

/** What became of a failed statement, in the terms that decide what to do next. */
export type DatabaseFailure = 'unavailable' | 'conflict' | 'duplicate' | 'orphan' | 'unstorable' | 'other';

const unavailableCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'POOL_CLOSED',
  'ER_CON_COUNT_ERROR',
  'ER_TOO_MANY_USER_CONNECTIONS',
  'ER_USER_LIMIT_REACHED',
  'ER_SERVER_SHUTDOWN',
  'ER_NORMAL_SHUTDOWN',
  'ER_CONNECTION_KILLED',
  'ER_SERVER_GONE_ERROR',
  // A Galera node that is not one of the cluster's majority, or not yet.
  'ER_UNKNOWN_COM_ERROR',
  // Whoever waited that long for a lock has no time left to try again.
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_QUERY_TIMEOUT',
]);
/** MariaDB's number for a statement that took too long, which the driver has no name for. */
const statementTimeout = 1969;

// Galera, too, calls it a deadlock when another node was first to commit a change of the same row. A savepoint
// is gone where its transaction is: see `UnbrokenTransactions`.
const conflictCodes = new Set(['ER_LOCK_DEADLOCK', 'ER_CHECKREAD', 'ER_SP_DOES_NOT_EXIST']);
// The first is what an account hears that may not see the other table.
const orphanCodes = new Set(['ER_NO_REFERENCED_ROW', 'ER_NO_REFERENCED_ROW_2', '23503']);
// PostgreSQL stores no NUL, and neither server what the encoding of a column or database lacks.
const unstorableCodes = new Set(['ER_TRUNCATED_WRONG_VALUE_FOR_FIELD', '22021', '22P05']);

// PostgreSQL's own codes are five characters; the first two are a class.
const postgresConflicts = new Set(['40001', '40P01']);
const postgresUnavailable = /^(?:08...|57P0[1-5]|57014|55P03|53300|53400)$/;

/**
 * Sorts a driver's error. `conflict` means that the whole transaction was rolled back through no fault of
 * its own (a deadlock, a busy file) and may be run again; `duplicate` that a unique index refused a row;
 * `orphan` that a foreign key did, because what the row belongs to is gone; `unstorable` that a text holds a
 * character that this database can't store.
 */
export function classifyFailure(error: unknown): DatabaseFailure {
  if (error instanceof DatabaseUnavailableError) return 'unavailable';
  if (!(error instanceof Error)) return 'other';
  const { code, errno, errcode, fatal } = error as Partial<
    Readonly<Record<'code' | 'errno' | 'errcode' | 'fatal', unknown>>
  >;
  // mysql2's mark of a connection that is lost; some of these errors have no code.
  if (fatal === true) return 'unavailable';
  if (errno === statementTimeout) return 'unavailable';
  if (typeof code !== 'string') return 'other';
  if (unavailableCodes.has(code)) return 'unavailable';
  if (conflictCodes.has(code)) return 'conflict';
  if (postgresUnavailable.test(code)) return 'unavailable';
  if (postgresConflicts.has(code)) return 'conflict';
  if (code === 'ER_DUP_ENTRY' || code === '23505') return 'duplicate';
  if (orphanCodes.has(code)) return 'orphan';
  if (unstorableCodes.has(code)) return 'unstorable';
  if (code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number') return classifySqlite(errcode);
  return 'other';
}

/** The low byte of SQLite's extended result code is the primary one: 5 BUSY, 6 LOCKED, 14 CANTOPEN. */
function classifySqlite(errcode: number): DatabaseFailure {
  const primary = errcode & 0xff;
  if (primary === 5 || primary === 6) return 'conflict';
  if (primary === 14) return 'unavailable';
  if (errcode === 787) return 'orphan';
  const uniqueViolations = [2067, 1555];
  return uniqueViolations.includes(errcode) ? 'duplicate' : 'other';
}
