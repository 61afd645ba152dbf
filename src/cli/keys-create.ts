import { validationFailed } from '../api-error.ts';
import { noFields } from '../api-keys/api-key.ts';
import { shellCaller } from '../api-keys/caller-bounds.ts';
import { createCreateKey, type NewKey } from '../api-keys/create-key.ts';
import { presentFields } from '../api-keys/present-fields.ts';
import { newKeySchema } from '../api-keys/schema.ts';
import { cleanInput } from '../input/input.ts';
import { compileSchema, invalidFields } from '../input/validator.ts';
import type { Services } from '../services.ts';
import { describeUser, findKeyOwner } from './find-user.ts';
import type { JsonOption } from './keys-list.ts';
import { note, print, printJson } from './output.ts';
import { type PanelOptions, withServices } from './panel-context.ts';

/** Options of `keys create`. */
export interface KeysCreateOptions extends PanelOptions, JsonOption {
  readonly description: string;
  readonly allowedIp?: readonly string[];
}

/** Makes an account key for a user and prints it, this once. */
export async function keysCreate(user: string, options: KeysCreateOptions): Promise<void> {
  await withServices(options, async (services) => {
    const input = readNewKey(options, services);
    const owner = await findKeyOwner(services, user);
    const create = createCreateKey(services);
    const { answer } = await create(shellCaller, owner.id, input, { fields: noFields, once: null });
    if (options.json) return printJson(answer);
    // Alone on standard output, for `KEY=$(panel-sidecar keys create …)`.
    note(`The new key of ${describeUser(owner)}, shown this once:`);
    print(`${answer.attributes.identifier}${answer.meta.secret_token}`);
  });
}

/** The same clean-up and rules as over HTTP. @throws ApiError 422 */
function readNewKey({ description, allowedIp }: KeysCreateOptions, { panel }: Services): NewKey {
  const input = presentFields(cleanInput({ description, allowed_ips: allowedIp ?? [] }), panel);
  const invalid = invalidFields(compileSchema(newKeySchema), input);
  if (invalid.length > 0) throw validationFailed(invalid);
  return input as unknown as NewKey;
}
