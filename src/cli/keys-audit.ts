import { boundAddresses } from '../api-keys/caller-bounds.ts';
import { eachKey, isOlderThan, type OwnedKey } from '../api-keys/each-key.ts';
import type { Services } from '../services.ts';
import type { JsonOption } from './keys-list.ts';
import { print, printJson } from './output.ts';
import { type PanelOptions, withServices } from './panel-context.ts';
import { Progress } from './progress.ts';
import { formatTable } from './table.ts';

/** Options of `keys audit`. */
export interface KeysAuditOptions extends PanelOptions, JsonOption {
  readonly olderThanDays: number;
}

/** What is worth a second look of a key. */
type Finding = 'anywhere' | 'never used' | 'admin' | 'old';

interface AuditedKey {
  readonly key: OwnedKey;
  readonly findings: readonly Finding[];
}

/** Lists keys that could be less of a risk, and why. */
export async function keysAudit(options: KeysAuditOptions): Promise<void> {
  await withServices(options, async (services) => {
    const audited = await audit(services, options);
    if (options.json) printJson({ keys: audited.map(toJson) });
    else print(audited.length === 0 ? 'nothing to say of any key' : toTable(audited));
  });
}

async function audit(services: Services, options: KeysAuditOptions): Promise<readonly AuditedKey[]> {
  const progress = new Progress();
  const now = new Date();
  const audited: AuditedKey[] = [];
  let seen = 0;
  for await (const keys of eachKey(services)) {
    for (const key of keys) {
      const findings = findingsOf(key, options, services, now);
      if (findings.length > 0) audited.push({ key, findings });
    }
    seen += keys.length;
    progress.show(`${seen} keys looked at`);
  }
  progress.end();
  return audited;
}

function findingsOf(
  key: OwnedKey,
  { olderThanDays }: KeysAuditOptions,
  services: Services,
  now: Date,
): readonly Finding[] {
  const isAnywhere = boundAddresses(key.allowedIps) === null;
  return [
    ...(isAnywhere ? (['anywhere'] as const) : []),
    ...(key.lastUsedAt === null ? (['never used'] as const) : []),
    ...(key.ownerIsAdmin ? (['admin'] as const) : []),
    ...(isOlderThan(key, olderThanDays, services, now) ? (['old'] as const) : []),
  ];
}

function toJson({ key, findings }: AuditedKey) {
  return { identifier: key.identifier, user_id: key.userId, description: key.memo, findings };
}

function toTable(audited: readonly AuditedKey[]): string {
  const rows = audited.map(({ key, findings }) => [
    key.identifier ?? '-',
    key.username,
    key.memo ?? '-',
    findings.join(', '),
  ]);
  return formatTable(['IDENTIFIER', 'USER', 'DESCRIPTION', 'WHY'], rows);
}
