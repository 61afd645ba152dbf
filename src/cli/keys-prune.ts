import { deleteKeysWithin } from '../api-keys/delete-keys.ts';
import { eachKey, isUnusedFor, type OwnedKey } from '../api-keys/each-key.ts';
import { shellActor } from '../audit/activity.ts';
import { OperatorError } from '../operator-error.ts';
import type { Services } from '../services.ts';
import { hasEnded } from '../stored-keys/stored-key.ts';
import type { JsonOption } from './keys-list.ts';
import { print, printJson } from './output.ts';
import { type PanelOptions, withServices } from './panel-context.ts';
import { Progress } from './progress.ts';
import { formatTable } from './table.ts';

/** Options of `keys prune`. */
export interface KeysPruneOptions extends PanelOptions, JsonOption {
  readonly unusedDays?: number;
  readonly expired?: boolean;
  readonly dryRun?: boolean;
  readonly includeAdmins?: boolean;
  readonly includeDisabled?: boolean;
}

/** Deletes keys that nobody uses, or that have ended. */
export async function keysPrune(options: KeysPruneOptions): Promise<void> {
  if (options.unusedDays === undefined && !options.expired) {
    throw new OperatorError('say what to prune: --unused-days N, --expired, or both');
  }
  await withServices(options, async (services) => {
    const pruned = await prune(services, options);
    if (options.json) {
      printJson({ dry_run: options.dryRun === true, pruned: pruned.map(toJson) });
      return;
    }
    if (pruned.length > 0) print(toTable(pruned));
    const done = options.dryRun ? 'would be pruned' : 'pruned';
    print(`${pruned.length} ${pruned.length === 1 ? 'key' : 'keys'} ${done}`);
  });
}

async function prune(services: Services, options: KeysPruneOptions): Promise<readonly OwnedKey[]> {
  const progress = new Progress();
  const now = new Date();
  const pruned: OwnedKey[] = [];
  let seen = 0;
  for await (const keys of eachKey(services)) {
    const doomed = keys.filter((key) => isDoomed(key, options, services, now));
    const gone = options.dryRun ? doomed : await deleteBatch(services, doomed);
    pruned.push(...gone);
    seen += keys.length;
    progress.show(`${seen} keys looked at, ${pruned.length} to prune`);
  }
  progress.end();
  return pruned;
}

function isDoomed(key: OwnedKey, options: KeysPruneOptions, services: Services, now: Date): boolean {
  if (key.ownerIsAdmin && !options.includeAdmins) return false;
  if (key.own.isDisabled && !options.includeDisabled) return false;
  if (options.expired && hasEnded(key, now)) return true;
  return options.unusedDays !== undefined && isUnusedFor(key, options.unusedDays, services, now);
}

function deleteBatch(services: Services, keys: readonly OwnedKey[]): Promise<readonly OwnedKey[]> {
  if (keys.length === 0) return Promise.resolve([]);
  return services.database.transaction((queries) => deleteKeysWithin(services, queries, shellActor, keys));
}

function toJson({ identifier, userId, memo }: OwnedKey) {
  return { identifier, user_id: userId, description: memo };
}

function toTable(keys: readonly OwnedKey[]): string {
  const rows = keys.map((key) => [
    key.identifier ?? '-',
    key.username,
    key.memo ?? '-',
    key.lastUsedAt ?? 'never',
  ]);
  return formatTable(['IDENTIFIER', 'USER', 'DESCRIPTION', 'LAST USED'], rows);
}
