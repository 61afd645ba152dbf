import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cells } from '../support/cells.ts';
import { insertRows } from '../support/insert-rows.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { PanelSeed, type SeededKey, type SeededUser } from '../support/seed.ts';
import { examine } from './examine.ts';

const enforced = { SIDECAR_SCOPES_ENFORCE: 'true' };
const unsaid = {
  ...{ name: 'own rows', status: 'warn' },
  remedy: 'wherever a backup is restored, take sidecar_keys from the same one as api_keys',
};
const fine = { status: 'ok', detail: 'no key has lost its scopes or its suspension' };

let panel: PanelDatabase;
let seed: PanelSeed;
let owner: SeededUser;

beforeAll(async () => {
  panel = await createPanelDatabase('pterodactyl', 'sqlite');
  await migrateOwnTables(panel);
  seed = new PanelSeed(panel);
  owner = await seed.user();
});

afterAll(() => panel?.drop());

beforeEach(async () => {
  for (const table of ['api_keys', 'sidecar_keys', 'activity_logs'])
    await panel.execute(`delete from ${table}`);
});

function makeKey(expiresAt: string | null = null): Promise<SeededKey> {
  return seed.key(owner, { type: 1, expiresAt });
}

async function log(event: string, properties: Readonly<Record<string, unknown>>): Promise<void> {
  await insertRows(panel, 'activity_logs', [
    { event, ip: '127.0.0.1', properties: JSON.stringify(properties), timestamp: '2026-01-02 03:04:05' },
  ]);
}

async function addRow(key: SeededKey, permissions: string | null, disabledAt: number | null): Promise<void> {
  await panel.execute(
    'insert into sidecar_keys (api_key_id, identifier, permissions, disabled_at) values (?, ?, ?, ?)',
    [key.id, key.identifier, permissions, disabledAt],
  );
}

test('keys whose rows are there are fine, and so are keys that never had one', async () => {
  const scoped = await makeKey();
  await log('user:api-key.create', { identifier: scoped.identifier, permissions: ['user.read'] });
  await addRow(scoped, '["user.read"]', null);
  await addRow(await makeKey('1971-01-02 00:00:00'), null, Date.now());
  const free = await makeKey();
  await log('user:api-key.create', { identifier: free.identifier });
  await log('user:api-key.create', { identifier: 'ptlc_gone', permissions: ['user.read'] });
  expect(await examine(panel, 'own rows', enforced)).toEqual({ name: 'own rows', ...fine });
});

test.each([
  ['is not there', async () => {}],
  [
    'is of another key',
    (key: SeededKey) => addRow({ ...key, identifier: 'ptlc_Other000001' }, '["user.read"]', null),
  ],
  ['says nothing of scopes', (key: SeededKey) => addRow(key, null, null)],
])('a key that had scopes is named where its row %s', async (_what, prepare) => {
  const key = await makeKey();
  await log('user:api-key.create', { identifier: key.identifier, permissions: ['user.read'] });
  await prepare(key);
  expect(await examine(panel, 'own rows')).toEqual({
    ...{ name: 'own rows', status: 'fail' },
    detail: `keys have lost their row in sidecar_keys: ${key.identifier} of user ${owner.id}`,
    remedy: 'revoke them, or restore that table from the same backup as api_keys',
  });
});

test('what was logged last counts', async () => {
  const freed = await makeKey();
  await log('user:api-key.create', { identifier: freed.identifier, permissions: ['user.read'] });
  await log('user:api-key.update', { identifier: freed.identifier, fields: ['permissions'] });
  await log('user:api-key.update', { identifier: freed.identifier, fields: ['description'] });
  expect(await examine(panel, 'own rows', enforced)).toMatchObject(fine);
  await log('user:api-key.update', {
    identifier: freed.identifier,
    fields: ['permissions'],
    permissions: [],
  });
  expect(await examine(panel, 'own rows', enforced)).toMatchObject({ status: 'fail' });
});

test('a log that does not reach back to every key is told of', async () => {
  const key = await makeKey();
  expect(await examine(panel, 'own rows', enforced)).toEqual({
    ...unsaid,
    detail: 'whether keys have lost their scopes cannot be told: activity_logs is empty',
  });
  await log('auth:success', {});
  // So soon after it, the entry may be the key's own.
  const made = (time: string) =>
    panel.execute('update api_keys set created_at = ? where id = ?', [time, key.id]);
  await made('2026-01-02 03:02:05');
  expect(await examine(panel, 'own rows')).toEqual({
    ...unsaid,
    detail:
      'whether keys have lost their scopes cannot be told of keys made before: activity_logs reaches back to 2026-01-02 03:04:05',
  });
  await made('2026-01-02 03:03:15');
  expect(await examine(panel, 'own rows')).toEqual({ name: 'own rows', ...fine });
  await made('2025-01-02 03:04:05');
  await addRow(key, '["user.read"]', null);
  expect(await examine(panel, 'own rows')).toEqual({ name: 'own rows', ...fine });
});

test('a key that ends as disabled ones do, without a word on it, is named', async () => {
  const key = await makeKey('1971-01-02 00:00:00');
  await makeKey('1971-01-02 00:00:01');
  expect(await examine(panel, 'own rows')).toMatchObject({
    status: 'fail',
    detail: `keys have lost their row in sidecar_keys: ${key.identifier} of user ${owner.id}`,
  });
});

test('of many keys ten are named', async () => {
  for (let made = 0; made < 13; made += 1) await makeKey('1971-01-02 00:00:00');
  const { detail } = await examine(panel, 'own rows');
  expect(detail.match(/of user/g)).toHaveLength(10);
  expect(detail).toMatch(/, and 3 more$/);
});

describe.each(cells)('%s', (cell) => {
  test('lost scopes are found with or without the own tables, where the log may be read', async () => {
    const own = await createPanelDatabase(cell.panel, cell.on);
    await insertRows(own, 'users', [
      {
        ...{ id: 1, uuid: crypto.randomUUID(), username: 'u', email: 'u@panel.test', password: 'none' },
        ...(cell.panel === 'pterodactyl' ? { root_admin: 0, use_totp: 0 } : {}),
      },
    ]);
    await insertRows(own, 'api_keys', [
      {
        ...{
          user_id: 1,
          key_type: 1,
          identifier: 'ptlc_Lost0000001',
          token: 'x',
          memo: 'm',
          allowed_ips: '[]',
        },
        ...{ created_at: '2026-01-02 03:04:05', updated_at: '2026-01-02 03:04:05' },
      },
    ]);
    const properties = JSON.stringify({ identifier: 'ptlc_Lost0000001', permissions: ['user.read'] });
    await insertRows(own, 'activity_logs', [
      { event: 'user:api-key.create', ip: '127.0.0.1', properties, timestamp: '2026-01-02 03:04:05' },
    ]);
    const found = { status: 'fail', detail: expect.stringContaining('ptlc_Lost0000001 of user 1') };
    const unread = {
      detail: expect.stringMatching(/cannot be told: this account may not read activity_logs$/),
    };
    const reports = [await examine(own, 'own rows', own.adminEnv), await examine(own, 'own rows')];
    await migrateOwnTables(own);
    reports.push(await examine(own, 'own rows', own.adminEnv), await examine(own, 'own rows', enforced));
    await own.execute('delete from activity_logs');
    await insertRows(own, 'activity_logs', [
      { event: 'auth:success', ip: '127.0.0.1', properties: '{}', timestamp: '2026-03-04 05:06:07' },
    ]);
    reports.push(await examine(own, 'own rows', own.adminEnv));
    await own.drop();
    // A file has no accounts.
    const isFile = cell.on === 'sqlite';
    expect(reports).toMatchObject([
      found,
      isFile ? found : { status: 'ok', ...unread },
      found,
      isFile ? found : { status: 'warn', ...unread },
      { status: 'warn', detail: expect.stringMatching(/activity_logs reaches back to 2026-03-04 05:06:07$/) },
    ]);
  });
});
