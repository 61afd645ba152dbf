import { isIP } from 'node:net';
import type { PanelDatabase } from '../support/panel-database.ts';
import { opened } from '../support/seed.ts';
import type { Row } from '../support/test-database.ts';

type Rule = readonly [what: string, holds: (row: Row) => boolean];

/**
 * Says which stored rows the panel's models would refuse, or the panel could not show: the keys that callers have
 * made, what is kept of them, and the activity log.
 */
export async function findRefusedRows(panel: PanelDatabase): Promise<readonly string[]> {
  const users = new Set((await panel.query('select id from users')).map(({ id }) => id));
  const keys = await panel.query('select * from api_keys where key_type = 1');
  // A key that a test has seeded need not be one that the service would make.
  const made = keys.filter(({ memo }) => memo !== 'seeded');
  const names = new Map(keys.map((row) => [row.id, row.identifier]));
  const own = await panel.query('select * from sidecar_keys');
  const logs = await panel.query('select * from activity_logs');
  const logIds = new Set(logs.map(({ id }) => id));
  const subjects = await panel.query('select * from activity_log_subjects');
  const claims = await panel.query('select * from sidecar_claims');
  return [
    ...broken('api_keys', made, [...keyRules(panel), ['an owner', ({ user_id }) => users.has(user_id ?? 0)]]),
    ...twice(keys.map(({ identifier }) => String(identifier).toLowerCase())),
    ...broken('sidecar_keys', own, [
      ...ownRules,
      ['its key', (row) => names.get(row.api_key_id ?? 0) === row.identifier],
    ]),
    ...broken('activity_logs', logs, activityRules),
    ...broken('activity_log_subjects', subjects, [
      ['its activity', ({ activity_log_id }) => logIds.has(activity_log_id ?? 0)],
      ['a type', ({ subject_type }) => /^(?:Pterodactyl\\Models\\)?[A-Za-z_]+$/.test(String(subject_type))],
    ]),
    ...broken('sidecar_claims', claims, claimRules),
  ];
}

function broken(table: string, rows: readonly Row[], rules: readonly Rule[]): readonly string[] {
  return rows.flatMap((row) =>
    rules
      .filter(([, holds]) => !holds(row))
      .map(([what]) => `${table} without ${what}: ${JSON.stringify(row)}`),
  );
}

function twice(names: readonly string[]): readonly string[] {
  return names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${name} is there twice`);
}

/** The rules of the panel's ApiKey, and what its own endpoints need to show it. */
function keyRules({ traits }: PanelDatabase): readonly Rule[] {
  const [head, tail] = traits.plaintext('x'.repeat(32)).split('x'.repeat(32));
  return [
    ['an identifier', ({ identifier }) => /^p(?:tlc|acc)_[A-Za-z0-9]{11}$/.test(String(identifier))],
    [
      'a token',
      ({ token }) => {
        const text = opened(String(token));
        return (
          text.startsWith(head ?? '') &&
          /^[A-Za-z0-9]{32}$/.test(text.slice(head?.length, text.length - (tail?.length ?? 0)))
        );
      },
    ],
    // What PHP's trim leaves must be there, and its mb_strlen counts code points.
    ['a memo', ({ memo }) => /[^ \t\n\r\0\v]/.test(String(memo)) && [...String(memo)].length <= 500],
    ['allowed_ips', ({ allowed_ips: text }) => isAddressList(JSON.parse(String(text)))],
    ['times', (row) => isTime(row.created_at) && isTime(row.updated_at)],
    ['an end that can be read', ({ expires_at }) => expires_at === null || isTime(expires_at)],
    ['rights', (row) => Object.entries(row).every(([name, value]) => !name.startsWith('r_') || value === 0)],
    ['permissions', ({ permissions = '[]' }) => permissions === '[]'],
  ];
}

/** A list, or a map as PHP has it for a list, of strings that the panel can match an address against. */
function isAddressList(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every(isAddressRange);
}

function isAddressRange(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const [first = '', last] = value.split('-');
  if (last !== undefined) return isIP(first) !== 0 && isIP(first) === isIP(last);
  const [address = '', prefix] = value.split('/');
  if (prefix !== undefined) return /^\d{1,3}$/.test(prefix) && Number(prefix) <= bitsOf(address);
  return isIP(value.replaceAll('*', '0')) !== 0;
}

/** How many bits an address has; -1 for what is none. */
function bitsOf(address: string): number {
  return { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
}

function isTime(value: unknown): boolean {
  return /^\d{4}-(?!00)\d\d-(?!00)\d\d \d\d:\d\d:\d\d$/.test(String(value));
}

const identifier = /^[A-Za-z0-9_]{16}$/;
const isNullOr = (holds: (text: string) => boolean) => (value: unknown) =>
  value === null || holds(String(value));
const isListOf = (pattern: RegExp) =>
  isNullOr((text) => {
    const list = JSON.parse(text) as unknown;
    return Array.isArray(list) && list.every((item) => pattern.test(String(item)));
  });
const isReference = isNullOr((text) => [...text].length <= 191 && !text.includes('\0'));

const ownRules: readonly Rule[] = [
  ['permissions', ({ permissions }) => isListOf(/^[a-z-]+\.[a-z-]+$/)(permissions)],
  ['servers', ({ servers }) => isListOf(/^[0-9a-f]{8}$/)(servers)],
  ['a reference', ({ reference }) => isReference(reference)],
  ['an end', ({ expires_at }) => isNullOr((text) => /^\d+$/.test(text))(expires_at)],
  [
    'neighbours',
    (row) => [row.rotated_from, row.rotated_to].every(isNullOr((text) => identifier.test(text))),
  ],
];

const activityRules: readonly Rule[] = [
  [
    'an event',
    ({ event }) => /^(?:user|node|auth|api|sidecar)[a-z-]*:[a-z-]+(?:\.[a-z-]+)?$/.test(String(event)),
  ],
  ['an address', ({ ip }) => isIP(String(ip)) !== 0],
  ['properties', ({ properties }) => typeof JSON.parse(String(properties)) === 'object'],
  ['a time', ({ timestamp }) => isTime(timestamp)],
];

const claimRules: readonly Rule[] = [
  ['an id', ({ id }) => /^[0-9a-f-]{36}$/.test(String(id))],
  ['a reference', ({ reference }) => isReference(reference)],
  ['a wish', ({ wish }) => typeof JSON.parse(String(wish)) === 'object'],
  ['a beginning before its end', (row) => Number(row.created_at) < Number(row.expires_at)],
];
