import { ApiError } from '../api-error.ts';
import { identifierLength } from '../auth/bearer.ts';
import { OperatorError } from '../operator-error.ts';
import { describeUser, type NamedUser } from './find-user.ts';

/** @throws OperatorError for what is no identifier of a key; it is not repeated, as it may be a whole key. */
export function checkIdentifier(identifier: string): void {
  if (/^[A-Za-z0-9_]{16}$/.test(identifier)) return;
  throw new OperatorError(`an identifier is the first ${identifierLength} characters of a key, and no more`);
}

/**
 * Does something to a key that was named on the command line.
 *
 * @throws OperatorError where the user has no such key
 */
export async function onNamedKey<Result>(
  owner: NamedUser,
  identifier: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    throw new OperatorError(`${describeUser(owner)} has no account key ${identifier}`);
  }
}
