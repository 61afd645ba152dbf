import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckReport } from '../../src/doctor/run-checks.ts';
import { envValueOf, serviceAccount } from '../support/admin-session.ts';
import { cells, pterodactyl } from '../support/cells.ts';
import { run } from '../support/cli.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase, TEST_APP_KEY } from '../support/panel-database.ts';
import { PanelSeed } from '../support/seed.ts';

const behindProxy = { SIDECAR_TRUSTED_PROXIES: '127.0.0.1' };

/** The reports by check, and whether the panel is fit, which the exit code must say too. */
async function examine(
  panel: string,
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
) {
  const command = ['doctor', '--json', '--panel', panel, ...args];
  const { code, stdout, stderr } = await run(command, { env: { ...behindProxy, ...env } });
  expect(stderr).toBe('');
  const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: readonly CheckReport[] };
  expect(code).toBe(ok ? 0 : 1);
  return new Map(checks.map((report) => [report.name, report]));
}

/** Those that are not in order, as `name: status`. */
function complaints(reports: ReadonlyMap<string, CheckReport>): readonly string[] {
  return [...reports.values()]
    .filter(({ status }) => status !== 'ok')
    .map(({ name, status }) => `${name}: ${status}`);
}

describe.each(cells)('%s', (cell) => {
  it('is fit with the privileges that the docs print, but for a key to try', async () => {
    const panel = await createPanelDatabase(cell.panel, cell.on);
    const reports = await examine(panel.folder);
    const seed = new PanelSeed(panel);
    await seed.key(await seed.user({ admin: true }));
    const withKey = await examine(panel.folder);
    await panel.drop();
    expect(complaints(withKey)).toEqual([]);
    expect([...reports.keys()]).toEqual([
      ...['environment', 'configuration', 'cached config', 'database', 'tables', 'app key'],
      ...['privileges', 'least privilege', 'clocks', 'time zone', 'two-factor', 'proxies'],
      ...['rate limits', 'replica', 'webhooks', 'own tables', 'own rows', 'scopes'],
    ]);
    expect(complaints(reports)).toEqual(['app key: warn']);
    expect(reports.get('tables')?.detail.toLowerCase()).toBe(
      `${cell.panel}, with every table and column needed`,
    );
  });
});

describe(`a panel: ${pterodactyl}`, () => {
  let panel: PanelDatabase;
  let database: string;
  let account: string;

  beforeAll(async () => {
    panel = await createPanelDatabase(pterodactyl.panel, pterodactyl.on);
    const seed = new PanelSeed(panel);
    await seed.key(await seed.user({ admin: true }));
    database = envValueOf(panel, 'DB_DATABASE');
    account = serviceAccount(panel);
  });

  afterAll(() => panel.drop());

  it('prints one line a check for people, with a mark, and what to do', async () => {
    const { code, stdout, stderr } = await run(['doctor', '--panel', panel.folder], { env: { CI: 'true' } });
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(18);
    expect(lines[0]).toBe(`✓ environment      ${panel.folder}/.env`);
    expect(lines[3]).toMatch(
      new RegExp(`^✓ database {9}M(?:ariaDB|ySQL) \\S+ at 127\\.0\\.0\\.1:\\d+/${database}$`),
    );
    expect(lines[5]).toBe('✓ app key          APP_KEY opens the stored API keys');
    expect(lines[11]).toBe(
      '! proxies          none, and 127.0.0.1:8091 is reached only from this machine: behind its web server all callers look like 127.0.0.1 → set server.trusted_proxies to 127.0.0.1, and have the web server send X-Forwarded-For (README)',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('writes nothing', async () => {
    const count = 'select (select count(*) from api_keys) as k, (select count(*) from activity_logs) as a';
    const before = await panel.query(count);
    await examine(panel.folder);
    expect(await panel.query(count)).toEqual(before);
    expect(before).toEqual([{ k: 1, a: 0 }]);
  });

  it.each<readonly [privilege: string, table: string, operation: string]>([
    ['insert (token)', 'api_keys', 'make a key'],
    ['delete', 'api_keys', 'delete a key'],
    ['update (updated_at)', 'api_keys', 'note when a key was used'],
  ])('without %s on %s the service cannot %s', async (privilege, table, operation) => {
    await panel.execute(`revoke ${privilege} on ${database}.${table} from ${account}`);
    const reports = await examine(panel.folder);
    await panel.execute(`grant ${privilege} on ${database}.${table} to ${account}`);
    expect(complaints(reports)).toEqual(['privileges: fail']);
    expect(reports.get('privileges')?.detail).toMatch(
      new RegExp(`^cannot ${operation}: .* command denied [^;]*$`),
    );
  });

  // Only MySQL asks for a right to lock rows.
  if (pterodactyl.on === 'mysql') {
    it.each([
      ['users', 'lock a user'],
      ['nodes', 'lock a node'],
    ])('without a right to change %s the service cannot %s', async (table, operation) => {
      const claiming = await createPanelDatabase(pterodactyl.panel, pterodactyl.on);
      await migrateOwnTables(claiming);
      const place = `${envValueOf(claiming, 'DB_DATABASE')}.${table}`;
      await claiming.execute(`revoke update (updated_at) on ${place} from ${serviceAccount(claiming)}`);
      const report = (await examine(claiming.folder)).get('privileges');
      await claiming.drop();
      expect(report?.detail).toMatch(new RegExp(`^cannot ${operation}: .* command denied [^;]*$`));
    });
  }

  it.each([
    ['select (value)', 'settings', 'settings.value'],
    ['insert (properties)', 'activity_logs', 'activity_logs.properties'],
    ['insert (activity_log_id, subject_type, subject_id)', 'activity_log_subjects', 'activity_log_subjects'],
  ])('without %s on %s something is not even visible', async (privilege, table, missing) => {
    await panel.execute(`revoke ${privilege} on ${database}.${table} from ${account}`);
    const report = (await examine(panel.folder)).get('tables');
    await panel.execute(`grant ${privilege} on ${database}.${table} to ${account}`);
    expect(report).toMatchObject({
      status: 'fail',
      detail: `the database is closest to Pterodactyl, but these are missing, or not granted to this account: ${missing}`,
    });
  });

  it('names every refused operation, with the reason that the database gives', async () => {
    await panel.execute(`revoke delete on ${database}.api_keys from ${account}`);
    await panel.execute(`revoke insert (properties) on ${database}.activity_logs from ${account}`);
    await panel.execute(`grant select (properties) on ${database}.activity_logs to ${account}`);
    const report = (await examine(panel.folder)).get('privileges');
    await panel.execute(`grant delete on ${database}.api_keys to ${account}`);
    await panel.execute(`grant insert (properties) on ${database}.activity_logs to ${account}`);
    await panel.execute(`revoke select (properties) on ${database}.activity_logs from ${account}`);
    expect(report?.detail).toMatch(
      /^cannot delete a key: DELETE command denied .*; cannot write the activity log: INSERT command denied .*$/,
    );
    expect(report?.remedy).toBe('grant what is missing (README, "Least privilege")');
  });

  it('warns of an account that may do more than it needs to', async () => {
    const report = (await examine(panel.folder, panel.adminEnv)).get('least privilege');
    expect(report).toMatchObject({
      status: 'warn',
      detail: "the account can also read users' password hashes and change users",
    });
    expect(report?.remedy).toContain('README, "Least privilege"');
  });

  it('names a missing column, and skips what needs the tables', async () => {
    await panel.execute('alter table api_keys drop column expires_at');
    const reports = await examine(panel.folder);
    await panel.execute('alter table api_keys add column expires_at timestamp null');
    await panel.execute(`grant select (expires_at) on ${database}.api_keys to ${account}`);
    expect(complaints(reports)).toEqual([
      ...['tables: fail', 'app key: skip', 'privileges: skip', 'least privilege: skip'],
      ...['time zone: skip', 'two-factor: skip', 'webhooks: skip', 'own tables: skip', 'own rows: skip'],
    ]);
    expect(reports.get('tables')?.detail).toContain('not granted to this account: api_keys.expires_at');
    expect(reports.get('app key')?.detail).toBe("needs the panel's tables");
  });

  it('tells a wrong APP_KEY', async () => {
    const reports = await examine(panel.folder, { APP_KEY: 'another key of thirty-two bytes!' });
    expect(complaints(reports)).toEqual(['app key: fail']);
    expect(reports.get('app key')?.remedy).toContain('APP_PREVIOUS_KEYS');
  });

  it('tells a refused password, and what needs the database is skipped', async () => {
    const reports = await examine(panel.folder, { DB_PASSWORD: 'wrong-password' });
    expect(complaints(reports)).toEqual([
      ...['database: fail', 'tables: skip', 'app key: skip', 'privileges: skip', 'least privilege: skip'],
      ...['clocks: skip', 'time zone: skip', 'two-factor: skip', 'webhooks: skip'],
      ...['own tables: skip', 'own rows: skip'],
    ]);
    expect(reports.get('database')?.detail).toMatch(
      /refused the user "t_\w+": check DB_USERNAME and DB_PASSWORD$/,
    );
  });

  it('explains localhost only where connecting to it fails', async () => {
    const nobodyThere = { DB_PORT: '1' };
    const local = (await examine(panel.folder, { ...nobodyThere, DB_HOST: 'localhost' })).get('database');
    expect(local).toMatchObject({ status: 'fail', remedy: expect.stringContaining('set DB_SOCKET') });
    const other = (await examine(panel.folder, nobodyThere)).get('database');
    expect(other).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('nothing answers at 127.0.0.1:1/'),
    });
    expect(other).not.toHaveProperty('remedy');
  });

  it('tells a time zone that the database does not know', async () => {
    const report = (await examine(panel.folder, { DB_TIMEZONE: 'Nowhere/Land' })).get('time zone');
    expect(report).toMatchObject({
      status: 'fail',
      detail: "sessions can't be put at Nowhere/Land: Unknown or incorrect time zone: 'Nowhere/Land'",
    });
  });

  it('says which second-factor level is in force, and what sets it', async () => {
    const policy = async (env: Readonly<Record<string, string>>) =>
      (await examine(panel.folder, env)).get('two-factor');
    expect(await policy({ APP_2FA_REQUIRED: '1' })).toMatchObject({
      status: 'warn',
      detail: 'admins must set up a second factor (APP_2FA_REQUIRED), else their keys are answered 400',
    });
    await panel.execute(
      "insert into settings (`key`, value) values ('settings::pterodactyl:auth:2fa_required', '2')",
    );
    expect(await policy({ APP_2FA_REQUIRED: '1' })).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining("all users must set up a second factor (the panel's settings page)"),
    });
    expect(await policy({ APP_2FA_REQUIRED: '0', APP_ENVIRONMENT_ONLY: 'true' })).toMatchObject({
      status: 'ok',
      detail: 'nobody must set up a second factor (APP_2FA_REQUIRED)',
    });
    await panel.execute('delete from settings');
  });

  it.each([
    ['10.0.0.0/8', '127.0.0.1:8091', 'ok', '10.0.0.0/8 (server.trusted_proxies)'],
    [
      '*',
      '127.0.0.1:8091',
      'warn',
      'whoever connects is trusted to name any address (* in server.trusted_proxies)',
    ],
    ['', '0.0.0.0:8091', 'ok', 'none: callers are whoever connects'],
    ['proxy.example', '0.0.0.0:8091', 'fail', 'Trusted proxies: "proxy.example" is neither'],
  ])('judges the proxies %j before a listener at %s', async (proxies, listen, status, detail) => {
    const env = { SIDECAR_TRUSTED_PROXIES: proxies, SIDECAR_LISTEN: listen };
    expect((await examine(panel.folder, env)).get('proxies')).toMatchObject({
      status,
      detail: expect.stringContaining(detail),
    });
  });

  it('compares the cached configuration with the environment', async () => {
    const cache = join(panel.folder, 'bootstrap', 'cache');
    mkdirSync(cache, { recursive: true });
    cpSync(new URL('../panel/env/cached-config.php.txt', import.meta.url), join(cache, 'config.php'));
    const report = (await examine(panel.folder)).get('cached config');
    rmSync(join(panel.folder, 'bootstrap'), { recursive: true });
    expect(report).toMatchObject({ status: 'warn', remedy: expect.stringContaining('config:cache') });
    expect(report?.detail).toContain("The APP_KEY in the panel's cached configuration is not the one");
  });

  it('shows no secret', async () => {
    const password = envValueOf(panel, 'DB_PASSWORD');
    const text = JSON.stringify([
      ...(await examine(panel.folder)).values(),
      ...(await examine(panel.folder, { DB_HOST: 'localhost', DB_PORT: '1' })).values(),
    ]);
    expect(password).not.toBe('');
    for (const secret of [password, TEST_APP_KEY, TEST_APP_KEY.slice(7)]) expect(text).not.toContain(secret);
  });

  it('skips all but the environment where that cannot be read, and tells a bad configuration', async () => {
    const reports = await examine('/nowhere');
    expect(reports.get('environment')).toMatchObject({
      status: 'fail',
      detail: "/nowhere does not exist: give the panel's folder, or its .env file",
    });
    expect(complaints(reports)).toHaveLength(18);

    const folder = mkdtempSync(join(tmpdir(), 'panel-sidecar-doctor-'));
    const file = join(folder, 'bad.yaml');
    writeFileSync(file, 'server: { listen: 8091 }');
    const configured = (await examine(panel.folder, {}, ['--config', file])).get('configuration');
    rmSync(folder, { recursive: true });
    expect(configured).toMatchObject({
      status: 'fail',
      detail: `${file}: server.listen is 8091, but must be text`,
    });
  });
});
