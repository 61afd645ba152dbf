import { shellCaller } from '../api-keys/caller-bounds.ts';
import { createDeleteKey } from '../api-keys/delete-keys.ts';
import { describeUser, findKeyOwner } from './find-user.ts';
import type { JsonOption } from './keys-list.ts';
import { checkIdentifier, onNamedKey } from './named-key.ts';
import { print } from './output.ts';
import { type PanelOptions, withServices } from './panel-context.ts';

/** Deletes one of a user's account keys. For programs it prints nothing, as HTTP answers nothing. */
export async function keysRevoke(
  user: string,
  identifier: string,
  options: PanelOptions & JsonOption,
): Promise<void> {
  checkIdentifier(identifier);
  await withServices(options, async (services) => {
    const owner = await findKeyOwner(services, user);
    await onNamedKey(owner, identifier, () => createDeleteKey(services)(shellCaller, owner.id, identifier));
    if (!options.json) print(`Revoked ${identifier} of ${describeUser(owner)}`);
  });
}
