import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { PostgresEncryption } from '../../src/database/postgres-encryption.ts';
import { envValueOf } from '../support/admin-session.ts';
import { run } from '../support/cli.ts';
import { send } from '../support/client.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { startService } from '../support/service.ts';
import { until } from '../support/sidecar.ts';
import type { ServerAddress } from '../support/test-database.ts';

const on = { rejectUnauthorized: false };
const hasNone = new Error('The server does not support SSL connections');
const notLetIn = Object.assign(new Error('no pg_hba.conf entry'), { code: '28000' });

test.each([
  ['prefer', '127.0.0.1', false],
  ['prefer', '::1', false],
  ['prefer', 'localhost', false],
  ['prefer', '/run/postgresql', false],
  ['prefer', '10.0.0.1', on],
  ['prefer', 'db.panel.test', on],
  ['disable', '10.0.0.1', false],
  ['require', '127.0.0.1', on],
  ['verify', '127.0.0.1', { rejectUnauthorized: true }],
] as const)('%s begins with %s by %j', (mode, host, option) => {
  expect(new PostgresEncryption(mode, host).option).toEqual(option);
});

test('only what is preferred is tried the other way, and only for a reason', () => {
  const encryption = new PostgresEncryption('prefer', '10.0.0.1');
  expect([encryption.turnsFor(notLetIn), encryption.option]).toEqual([false, on]);
  expect([encryption.turnsFor(new Error('else')), encryption.option]).toEqual([false, on]);
  expect([encryption.turnsFor(hasNone), encryption.option]).toEqual([true, false]);
  expect([encryption.turnsFor(notLetIn), encryption.option]).toEqual([true, on]);
  for (const mode of ['require', 'verify', 'disable'] as const) {
    const firm = new PostgresEncryption(mode, '10.0.0.1');
    const before = firm.option;
    expect([firm.turnsFor(hasNone), firm.turnsFor(notLetIn), firm.option]).toEqual([false, false, before]);
  }
});

/** Whether the service's connections are encrypted, while it runs with these variables. */
async function encrypted(panel: PanelDatabase, env: Readonly<Record<string, string>>): Promise<unknown[]> {
  const service = await startService(panel.folder, { env });
  try {
    await until(async () => (await send(service.url, { path: '/readyz' })).status === 200);
    const rows = await panel.query(
      'select distinct s.ssl from pg_stat_ssl s join pg_stat_activity a on a.pid = s.pid where a.usename = ?',
      [envValueOf(panel, 'DB_USERNAME')],
    );
    return rows.map(({ ssl }) => Boolean(ssl));
  } finally {
    await service.stop();
  }
}

/** Why the service does not start with these variables, in one line. */
async function refusal(panel: PanelDatabase, env: Readonly<Record<string, string>>): Promise<string> {
  const { code, stderr } = await run(['serve', '--panel', panel.folder], { env });
  expect(code).not.toBe(0);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  return stderr;
}

describe.each([
  ['that demands encryption', true],
  ['that has none', false],
])('pelican on postgres, a server %s', (_title, demandsEncryption) => {
  let server: PostgresServer | null = null;
  let panel: PanelDatabase;
  beforeAll(async () => {
    let address: ServerAddress = inject('postgres');
    if (demandsEncryption) {
      server = await PostgresServer.start({ demandsEncryption });
      address = server.address;
    }
    panel = await createPanelDatabase('pelican', 'postgres', address);
  });
  afterAll(async () => {
    await panel?.drop();
    await server?.stop();
  });

  test('is spoken to as it can', async () => {
    expect(await encrypted(panel, {})).toEqual([demandsEncryption]);
    // Another machine's address, as far as its text goes.
    expect(await encrypted(panel, { DB_HOST: '0.0.0.0' })).toEqual([demandsEncryption]);
  });

  test('is spoken to as DB_SSLMODE says, or not at all', async () => {
    if (demandsEncryption) {
      expect(await encrypted(panel, { DB_SSLMODE: 'require' })).toEqual([true]);
      expect(await refusal(panel, { DB_SSLMODE: 'disable' })).toMatch(
        /no pg_hba\.conf entry .*no encryption.*check DB_USERNAME, DB_SSLMODE and pg_hba\.conf$/m,
      );
      expect(await refusal(panel, { DB_SSLMODE: 'verify-full' })).toContain('self-signed certificate');
    } else {
      expect(await encrypted(panel, { DB_SSLMODE: 'disable' })).toEqual([false]);
      expect(await refusal(panel, { DB_SSLMODE: 'require' })).toContain('does not support SSL connections');
    }
    expect(await refusal(panel, { DB_SSLMODE: 'sometimes' })).toContain(
      'DB_SSLMODE (or sslmode in DB_URL) must be one of disable, allow, prefer, require, verify-ca, verify-full',
    );
  });
});
