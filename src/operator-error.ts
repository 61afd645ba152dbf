/**
 * A mistake of the person who runs the service (a missing file, a wrong APP_KEY, an unknown option), as
 * opposed to a fault of the program. Its message is one line that says what is wrong and what to do; the
 * command line prints that line alone, without a stack trace, and exits non-zero.
 *
 * The message must never hold a secret: it goes to terminals and logs.
 */
export class OperatorError extends Error {
  override name = 'OperatorError';
}

/** The first line of what was thrown, for a message of one line. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}
