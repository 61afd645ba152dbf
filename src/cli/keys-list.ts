import type { AllowedIps, ApiKeyResource } from '../api-keys/api-key.ts';
import { noFields } from '../api-keys/api-key.ts';
import { everyKey } from '../api-keys/key-filter.ts';
import { createKeyLists } from '../api-keys/list-keys.ts';
import { shellActor } from '../audit/activity.ts';
import { describeUser, findKeyOwner } from './find-user.ts';
import { print, printJson } from './output.ts';
import { type PanelOptions, withServices } from './panel-context.ts';
import { formatTable } from './table.ts';

/** Options of commands that can print for programs. */
export interface JsonOption {
  readonly json?: boolean;
}

/** Lists a user's account keys. */
export async function keysList(user: string, options: PanelOptions & JsonOption): Promise<void> {
  await withServices(options, async (services) => {
    const owner = await findKeyOwner(services, user);
    const lists = createKeyLists(services);
    const holder = (await lists.read(owner.id)) ?? { ...owner, keys: [] };
    const data = await lists.show(shellActor, holder, everyKey, noFields);
    if (options.json) printJson({ object: 'list', data });
    else print(data.length === 0 ? `${describeUser(owner)} has no API keys` : toTable(data));
  });
}

function toTable(keys: readonly ApiKeyResource[]): string {
  const rows = keys.map(({ attributes: key }) => [
    key.identifier ?? '-',
    key.description ?? '-',
    describeAllowedIps(key.allowed_ips),
    key.last_used_at ?? 'never',
    key.created_at ?? '-',
  ]);
  return formatTable(['IDENTIFIER', 'DESCRIPTION', 'ALLOWED FROM', 'LAST USED', 'CREATED'], rows);
}

function describeAllowedIps(allowed: AllowedIps | null): string {
  const entries = Object.values(allowed ?? {});
  return entries.length === 0 ? 'anywhere' : entries.join(', ');
}
