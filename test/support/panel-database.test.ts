import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { cells, createCell, type DatabaseName, isMysqlLike, type PanelName } from './cells.ts';
import { insertRows } from './insert-rows.ts';
import { createPanelDatabase, type PanelDatabase } from './panel-database.ts';
import { connectAsService, type ServiceConnection } from './service-connection.ts';
import type { SqlExecutor } from './test-database.ts';

async function open(panel: PanelDatabase): Promise<ServiceConnection> {
  const connection = await connectAsService(panel);
  onTestFinished(() => connection.end());
  return connection;
}

async function create(panel: PanelName, on: DatabaseName): Promise<PanelDatabase> {
  const created = await createPanelDatabase(panel, on);
  onTestFinished(() => created.drop());
  return created;
}

const oneSetting = (db: SqlExecutor) => insertRows(db, 'settings', [{ key: 'a', value: '1' }]);

describe.each([...cells, createCell('pterodactyl', 'sqlite')])('%s', (cell) => {
  const user = (name: string) => ({
    ...{ uuid: name, username: name, email: name, password: '', created_at: '2026-01-02 03:04:05' },
    ...(cell.panel === 'pterodactyl' ? { use_totp: 0 } : {}),
  });
  const key = { user_id: 7, token: '', allowed_ips: '[]' };

  test('is refilled as a whole, whatever points to what', async () => {
    const panel = await create(cell.panel, cell.on);
    await insertRows(panel, 'users', [{ id: 7, ...user('n') }]);
    await insertRows(panel, 'api_keys', [key]);

    await panel.reset(oneSetting);

    expect(await panel.query('select * from users')).toEqual([]);
    expect(await panel.query('select * from api_keys')).toEqual([]);
    expect(await panel.query('select value from settings')).toEqual([{ value: '1' }]);
    // Foreign keys hold again afterwards.
    await expect(insertRows(panel, 'api_keys', [key])).rejects.toThrow(/foreign key/i);
  });

  test('is left usable by a seed that fails', async () => {
    const panel = await create(cell.panel, cell.on);

    await expect(panel.reset((db) => insertRows(db, 'nothing', [{ a: 1 }]))).rejects.toThrow('nothing');
    await panel.reset(oneSetting);

    expect(await panel.query('select value from settings')).toEqual([{ value: '1' }]);
  });

  test('keeps times as they are written and tells how many rows changed', async () => {
    const panel = await create(cell.panel, cell.on);
    await insertRows(panel, 'users', [user('a'), { ...user('b'), created_at: null }]);

    expect(await panel.query('select username, created_at from users order by username')).toEqual([
      { username: 'a', created_at: '2026-01-02 03:04:05' },
      { username: 'b', created_at: null },
    ]);
    expect(await panel.execute('update users set username = ? where username = ?', ['c', 'a'])).toBe(1);
    expect(await panel.execute('delete from users')).toBe(2);
  });
});

test('PostgreSQL is read like the others: numbers as numbers, a yes or no as 1 or 0, JSON as text', async () => {
  const panel = await create('pelican', 'postgres');

  const [row] = await panel.query(
    'select 2 > 1 as yes, count(*) as n, sum(3::int) as s, json \'{"a": "?"}\' as j, \'?\' as text, ? as p',
    ['x'],
  );
  expect(row).toEqual({ yes: 1, n: 1, s: 3, j: '{"a": "?"}', text: '?', p: 'x' });
});

test("a panel's .env names its database; overrides replace, add and leave out variables", async () => {
  const panel = await create('pterodactyl', 'sqlite');
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

describe.each(cells.filter(({ on }) => on !== 'sqlite'))('%s', (cell) => {
  test("the service's user may use the keys, but not change users, tables or other databases", async () => {
    const panel = await create(cell.panel, cell.on);
    const other = await open(await create(cell.panel, cell.on));
    const { query } = await open(panel);

    expect(await query('select identifier from api_keys')).toEqual([]);
    await expect(query("update users set username = 'x'")).rejects.toThrow('denied');
    await expect(query('drop table api_keys')).rejects.toThrow(/denied|must be owner/);
    const elsewhere = `select id from ${other.env.DB_DATABASE}.users`;
    await expect(query(elsewhere)).rejects.toThrow(/denied|does not exist/);
  });

  test("the server's statements are listed, whatever characters are in them", async () => {
    if (!isMysqlLike(cell)) return;
    const panel = await create(cell.panel, cell.on);
    const { query } = await open(panel);
    const running = query("select '\u{1d11e}', sleep(0.2) as listed");
    const list = "select info as text from information_schema.processlist where info like 'select%'";
    expect((await panel.query(list)).length).toBeGreaterThan(0);
    await running;
  });

  test('a session that does not set its time zone is not in UTC', async () => {
    const panel = await create(cell.panel, cell.on);
    const { query } = await open(panel);
    const sql = panel.dialect === 'mysql' ? 'select @@session.time_zone as zone' : 'show timezone';

    const zoneOf = (rows: unknown) => Object.values((rows as object[])[0] ?? {})[0];
    expect(zoneOf(await query(sql))).toBe(panel.dialect === 'mysql' ? '+05:30' : 'Asia/Kathmandu');
  });
});

test("a test's own sessions on MariaDB are in the zone of the panel's", async () => {
  const zone = async (panel: PanelName) => {
    const database = await create(panel, 'mariadb');
    return database.query('select @@session.time_zone as zone');
  };

  expect(await zone('pterodactyl')).toEqual([{ zone: '+00:00' }]);
  expect(await zone('pelican')).toEqual([{ zone: '+05:30' }]);
});

test('nothing is left of a dropped panel on MariaDB', async () => {
  const panel = await createPanelDatabase('pterodactyl', 'mariadb');
  const connection = await connectAsService(panel);
  await connection.end();
  await panel.drop();

  expect(existsSync(panel.folder)).toBe(false);
  const { host, port, rootUser, rootPassword } = inject('mariadb');
  const admin = await createConnection({ host, port, user: rootUser, password: rootPassword });
  onTestFinished(() => admin.end());
  const [databases] = await admin.query('show databases like ?', [connection.env.DB_DATABASE]);
  const [users] = await admin.query('select user from mysql.user where user = ?', [
    connection.env.DB_USERNAME,
  ]);
  expect([databases, users]).toEqual([[], []]);
});

test('nothing is left of a dropped panel on PostgreSQL', async () => {
  const panel = await createPanelDatabase('pelican', 'postgres');
  const { env, end } = await connectAsService(panel);
  await end();
  const other = await create('pelican', 'postgres');
  await panel.drop();

  expect(existsSync(panel.folder)).toBe(false);
  const [left] = await other.query(
    `select (select count(*) from pg_database where datname = ?) as databases,
      (select count(*) from pg_roles where rolname = ?) as roles`,
    [env.DB_DATABASE ?? '', env.DB_USERNAME ?? ''],
  );
  expect(left).toEqual({ databases: 0, roles: 0 });
});
