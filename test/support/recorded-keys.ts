import type { SqlValue } from './test-database.ts';

/** What a caller of the recorded requests sends. */
export type Credential = {
  /** The first 16 characters of the token, by which the panel finds the key. */
  readonly identifier: string;
  /** The other 32 characters, which the panel stores encrypted. */
  readonly secret: string;
  /** Both: what follows `Authorization: Bearer `. */
  readonly bearer: string;
};

/** A key of the recorded state, apart from its owner's row and its encryption. */
export type RecordedKey = Credential & {
  /** The name by which the recorded requests call it. */
  readonly as: string;
  readonly owner: number;
  readonly type: 'account' | 'application';
  readonly memo: string;
  readonly allowedIps: string | null;
  readonly lastUsedAt: string | null;
  readonly expiresAt: string | null;
  /** An application key's level on one resource: 0 none, 1 read, 2 write, 3 both. */
  level(resource: string): number;
};

type Details = Partial<Pick<RecordedKey, 'memo' | 'allowedIps' | 'lastUsedAt' | 'expiresAt'>>;

function key(
  as: string,
  owner: number,
  identifier: string,
  details: Details,
): Omit<RecordedKey, 'level' | 'type'> {
  // Any 32 letters and digits would do; these differ from key to key and are the same in every run.
  const secret = `${identifier.slice(5)}Secret0123456789abcdefghij`.slice(0, 32);
  const defaults = { memo: as, allowedIps: null, lastUsedAt: null, expiresAt: null };
  return { as, owner, identifier, secret, bearer: identifier + secret, ...defaults, ...details };
}

function application(
  as: string,
  owner: number,
  identifier: string,
  level: number | ((resource: string) => number),
  details: Details = {},
): RecordedKey {
  const levelOf = typeof level === 'number' ? () => level : level;
  return { ...key(as, owner, identifier, details), type: 'application', level: levelOf };
}

function account(as: string, owner: number, identifier: string, details: Details = {}): RecordedKey {
  return { ...key(as, owner, identifier, details), type: 'account', level: () => 0 };
}

/**
 * The 17 keys that every recorded request met, in the order of their ids. Identifiers that occur in the
 * recordings are the recorded ones.
 */
export const recordedKeys: readonly RecordedKey[] = [
  application('full', 1001, 'ptla_CONFfull001', 3),
  application('ro', 1001, 'ptla_CONFro00001', 1),
  application('wo', 1001, 'ptla_CONFwo00001', 2),
  application('none', 1001, 'ptla_CONFnone001', 0),
  application('usersOnly', 1001, 'ptla_CONFusers01', (resource) => (resource === 'users' ? 3 : 0)),
  application('allocOnly', 1001, 'ptla_CONFalloc01', (resource) => (resource === 'allocations' ? 3 : 0)),
  application('ipLocked', 1001, 'ptla_CONFiplock1', 3, { allowedIps: '["10.9.9.9"]' }),
  // The panel stores slashes escaped.
  application('ipOk', 1001, 'ptla_CONFipok001', 3, { allowedIps: '["10.9.9.9","127.0.0.0\\/8"]' }),
  application('expired', 1001, 'ptla_CONFexpired', 3, { expiresAt: '2020-01-01 00:00:00' }),
  application('notYetExpired', 1001, 'ptla_CONFnotyet1', 3, { expiresAt: '2037-01-01 00:00:00' }),
  application('demoted', 1002, 'ptla_CONFdemoted', 3),
  application('totpAdmin', 1006, 'ptla_CONFtotp001', 3),
  account('acctAdmin', 1001, 'ptlc_CONFadmin01'),
  account('acctBob', 1002, 'ptlc_CONFbob0001'),
  account('acctCarol', 1003, 'ptlc_CONFcarol01'),
  account('acctCarol2', 1003, 'ptlc_CONFcarol02', {
    memo: 'Café ☕ key',
    allowedIps: '["10.0.0.0\\/24","::1"]',
    lastUsedAt: '2026-02-03 04:05:06',
  }),
  account('acctAdminIp', 1001, 'ptlc_CONFadminip', { allowedIps: '["10.9.9.9"]' }),
];

/** What each caller of the recorded requests sends, by the name in the field `as` of a request. */
export const recordedCredentials: Readonly<Record<string, Credential>> = Object.fromEntries(
  recordedKeys.map(({ as, identifier, secret, bearer }) => [as, { identifier, secret, bearer }]),
);

const resources = [
  'servers',
  'nodes',
  'allocations',
  'users',
  'locations',
  'nests',
  'eggs',
  'database_hosts',
  'server_databases',
];

/** A key's row in Pterodactyl's `api_keys`. */
export function pterodactylRow(key: RecordedKey, token: string, createdAt: string): Record<string, SqlValue> {
  return {
    ...commonRow(key, token, createdAt),
    allowed_ips: key.allowedIps,
    ...Object.fromEntries(resources.map((resource) => [`r_${resource}`, key.level(resource)])),
  };
}

/** Pelican's names of the same resources; it has no locations and nests, but some resources of its own. */
const pelicanResources = {
  server: 'servers',
  node: 'nodes',
  allocation: 'allocations',
  user: 'users',
  egg: 'eggs',
  database_host: 'database_hosts',
  server_database: 'server_databases',
  mount: 'mounts',
  role: 'roles',
};

/** A key's row in Pelican's `api_keys`. */
export function pelicanRow(key: RecordedKey, token: string, createdAt: string): Record<string, SqlValue> {
  const levels = Object.entries(pelicanResources).map(([name, resource]) => [name, key.level(resource)]);
  return {
    ...commonRow(key, token, createdAt),
    // Nobody's allow-list is NULL here.
    allowed_ips: key.allowedIps ?? '[]',
    permissions: key.type === 'account' ? '[]' : JSON.stringify(Object.fromEntries(levels)),
  };
}

function commonRow(key: RecordedKey, token: string, createdAt: string): Record<string, SqlValue> {
  return {
    user_id: key.owner,
    key_type: key.type === 'account' ? 1 : 2,
    identifier: key.identifier,
    token,
    memo: key.memo,
    last_used_at: key.lastUsedAt,
    expires_at: key.expiresAt,
    created_at: createdAt,
    updated_at: createdAt,
  };
}
