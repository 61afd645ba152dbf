import { ApiError } from '../api-error.ts';
import { shellCaller } from '../api-keys/caller-bounds.ts';
import { createDeleteKey } from '../api-keys/delete-keys.ts';
import { identifierLength } from '../auth/bearer.ts';
import { OperatorError } from '../operator-error.ts';
import { describeUser, findKeyOwner } from './find-user.ts';
import type { JsonOption } from './keys-list.ts';
import { print } from './output.ts';
import { type PanelOptions, withServices } from './panel-context.ts';

/** Deletes one of a user's account keys. For programs it prints nothing, as HTTP answers nothing. */
export async function keysRevoke(
  user: string,
  identifier: string,
  options: PanelOptions & JsonOption,
): Promise<void> {
  if (!/^[A-Za-z0-9_]{16}$/.test(identifier)) {
    // Not repeated: it may be a whole key.
    throw new OperatorError(
      `an identifier is the first ${identifierLength} characters of a key, and no more`,
    );
  }
  await withServices(options, async (services) => {
    const owner = await findKeyOwner(services, user);
    try {
      await createDeleteKey(services)(shellCaller, owner.id, identifier);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      throw new OperatorError(`${describeUser(owner)} has no account key ${identifier}`);
    }
    if (!options.json) print(`Revoked ${identifier} of ${describeUser(owner)}`);
  });
}
