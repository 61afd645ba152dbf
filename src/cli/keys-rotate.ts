import { noFields } from '../api-keys/api-key.ts';
import { shellCaller } from '../api-keys/caller-bounds.ts';
import { createRotateKey } from '../api-keys/rotate-key.ts';
import { OperatorError } from '../operator-error.ts';
import { migrateCommand } from '../own-tables/presence.ts';
import { describeUser, findKeyOwner } from './find-user.ts';
import type { JsonOption } from './keys-list.ts';
import { checkIdentifier, onNamedKey } from './named-key.ts';
import { note, print, printJson } from './output.ts';
import { type PanelOptions, withServices } from './panel-context.ts';

/** Options of `keys rotate`. */
export interface KeysRotateOptions extends PanelOptions, JsonOption {
  readonly graceSeconds: number;
}

/** Replaces one of a user's keys by a new one and prints it, this once. */
export async function keysRotate(
  user: string,
  identifier: string,
  { graceSeconds, ...options }: KeysRotateOptions,
): Promise<void> {
  checkIdentifier(identifier);
  await withServices(options, async (services) => {
    if (!services.hasOwnTables) throw new OperatorError(`this needs the own tables: run ${migrateCommand}`);
    const owner = await findKeyOwner(services, user);
    const rotate = createRotateKey(services);
    const creation = { fields: noFields, once: null };
    const { answer } = await onNamedKey(owner, identifier, () =>
      rotate(shellCaller, owner.id, identifier, graceSeconds, creation),
    );
    if (options.json) return printJson(answer);
    note(`The new key of ${describeUser(owner)} in place of ${identifier}, shown this once:`);
    print(`${answer.attributes.identifier}${answer.meta.secret_token}`);
  });
}
