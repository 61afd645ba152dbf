import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { insertRows } from './insert-rows.ts';
import { createPanelDatabase, type PanelDatabase } from './panel-database.ts';
import type { SqlExecutor } from './test-database.ts';

async function open(panel: PanelDatabase) {
  const env = parseEnv(readFileSync(join(panel.folder, '.env'), 'utf8'));
  const connection = await createConnection({
    host: env.DB_HOST ?? '',
    port: Number(env.DB_PORT),
    user: env.DB_USERNAME ?? '',
    password: env.DB_PASSWORD ?? '',
    database: env.DB_DATABASE ?? '',
  });
  onTestFinished(() => connection.end());
  return { connection, env };
}

const oneSetting = (db: SqlExecutor) => insertRows(db, 'settings', [{ key: 'a', value: '1' }]);

describe.each(['mariadb', 'sqlite'] as const)('a panel on %s', (on) => {
  test('is refilled as a whole, whatever points to what', async () => {
    const panel = await createPanelDatabase('pterodactyl', on);
    onTestFinished(() => panel.drop());
    const user = { uuid: 'u', username: 'n', email: 'e', password: '', use_totp: 0 };
    await insertRows(panel, 'users', [{ id: 7, ...user }]);
    await insertRows(panel, 'api_keys', [{ user_id: 7, token: '' }]);

    await panel.reset(oneSetting);

    expect(await panel.query('select * from users')).toEqual([]);
    expect(await panel.query('select * from api_keys')).toEqual([]);
    expect(await panel.query('select `key`, value from settings')).toEqual([{ key: 'a', value: '1' }]);
    // Foreign keys hold again afterwards.
    await expect(insertRows(panel, 'api_keys', [{ user_id: 7, token: '' }])).rejects.toThrow(/foreign key/i);
  });

  test('is left usable by a seed that fails', async () => {
    const panel = await createPanelDatabase('pterodactyl', on);
    onTestFinished(() => panel.drop());

    await expect(panel.reset((db) => insertRows(db, 'nothing', [{ a: 1 }]))).rejects.toThrow('nothing');
    await panel.reset(oneSetting);

    expect(await panel.query('select value from settings')).toEqual([{ value: '1' }]);
  });

  test('keeps times as they are written and tells how many rows changed', async () => {
    const panel = await createPanelDatabase('pterodactyl', on);
    onTestFinished(() => panel.drop());
    await insertRows(panel, 'locations', [
      { short: 'a', created_at: '2026-01-02 03:04:05' },
      { short: 'b', created_at: null },
    ]);

    expect(await panel.query('select short, created_at from locations order by short')).toEqual([
      { short: 'a', created_at: '2026-01-02 03:04:05' },
      { short: 'b', created_at: null },
    ]);
    expect(await panel.execute('update locations set short = ? where short = ?', ['c', 'a'])).toBe(1);
    expect(await panel.execute('delete from locations')).toBe(2);
  });
});

test("a panel's .env names its database; overrides replace, add and leave out variables", async () => {
  const panel = await createPanelDatabase('pterodactyl', 'sqlite');
  onTestFinished(() => panel.drop());
  const env = {
    APP_ENV: 'production',
    APP_DEBUG: 'false',
    APP_KEY: 'base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=',
    APP_URL: 'http://panel.test',
    APP_TIMEZONE: 'UTC',
    DB_CONNECTION: 'sqlite',
    DB_DATABASE: join(panel.folder, 'database.sqlite'),
  };

  expect(parseEnv(readFileSync(join(panel.folder, '.env'), 'utf8'))).toEqual(env);
  const { APP_DEBUG: _, ...rest } = env;
  const changed = panel.envText({ APP_DEBUG: null, APP_TIMEZONE: 'America/New_York', APP_NAME: 'a # b' });
  expect(parseEnv(changed)).toEqual({ ...rest, APP_TIMEZONE: 'America/New_York', APP_NAME: 'a # b' });
});

test("the service's user may use the keys, but not change users, tables or other databases", async () => {
  const panel = await createPanelDatabase('pterodactyl', 'mariadb');
  onTestFinished(() => panel.drop());
  const other = await createPanelDatabase('pterodactyl', 'mariadb');
  onTestFinished(() => other.drop());
  const { connection } = await open(panel);
  const { env } = await open(other);

  const [keys] = await connection.query<RowDataPacket[]>('select identifier from api_keys');
  expect(keys).toEqual([]);
  await expect(connection.query('update users set root_admin = 1')).rejects.toThrow('denied');
  await expect(connection.query('drop table api_keys')).rejects.toThrow('denied');
  await expect(connection.query(`select id from ${env.DB_DATABASE}.users`)).rejects.toThrow('denied');
});

test('a session that does not set its time zone is not in UTC', async () => {
  const panel = await createPanelDatabase('pterodactyl', 'mariadb');
  onTestFinished(() => panel.drop());
  const { connection } = await open(panel);

  const [rows] = await connection.query<RowDataPacket[]>('select @@session.time_zone as zone');
  expect(rows).toEqual([{ zone: '+05:30' }]);
  expect(await panel.query('select @@session.time_zone as zone')).toEqual([{ zone: '+00:00' }]);
});

test('nothing is left of a dropped panel', async () => {
  const panel = await createPanelDatabase('pterodactyl', 'mariadb');
  const { env } = await open(panel);
  await panel.drop();

  expect(existsSync(panel.folder)).toBe(false);
  const { host, port, rootUser, rootPassword } = inject('mariadb');
  const admin = await createConnection({ host, port, user: rootUser, password: rootPassword });
  onTestFinished(() => admin.end());
  const [databases] = await admin.query('show databases like ?', [env.DB_DATABASE]);
  const [users] = await admin.query('select user from mysql.user where user = ?', [env.DB_USERNAME]);
  expect([databases, users]).toEqual([[], []]);
});
