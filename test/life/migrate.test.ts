import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failure, run, startCommand } from '../support/cli.ts';
import { send } from '../support/client.ts';
import { enforcing, keyOf, lifeCells, type MadeKey, madeKey, makeKey } from '../support/life.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { accountKeysOf, activities, PanelSeed, type SeededKey, type SeededUser } from '../support/seed.ts';
import { startService } from '../support/service.ts';
import { keysOf, unlimited } from '../support/sidecar.ts';

const tables = [
  ...['sidecar_announcements', 'sidecar_claim_ports', 'sidecar_claims', 'sidecar_holds'],
  ...['sidecar_idempotency', 'sidecar_keys', 'sidecar_migrations', 'sidecar_outbox'],
];
const stepsTaken =
  'step 1: scopes, ends and references of keys; repeated requests; webhooks\nstep 2: claims of free ports\n';
const stepsRemoved = 'removed step 2\nremoved step 1\nthe own tables are gone\n';

// Each test goes on with the panel as the one before it left it.
describe.each(lifeCells)('migrate, %s', (cell) => {
  let panel: PanelDatabase;
  let user: SeededUser;
  let key: SeededKey;
  beforeAll(async () => {
    panel = await createPanelDatabase(cell.panel, cell.on);
    const seed = new PanelSeed(panel);
    key = await seed.key(await seed.user({ admin: true }));
    user = await seed.user();
    await seed.key(user, { type: 1, memo: 'the panel’s' });
  });
  afterAll(() => panel.drop());

  const migrate = (...options: readonly string[]) =>
    run(['migrate', '--panel', panel.folder, ...options], { env: panel.adminEnv });
  const serve = (env: Readonly<Record<string, string>> = {}) =>
    startCommand(['serve', '--panel', panel.folder, '--listen', '127.0.0.1:0'], { env });
  const succeeded = (stderr: string) => ({ code: 0, stdout: '', stderr });
  const made = (steps: string) =>
    succeeded(`${steps}the own tables are there; restart the service to use them\n`);

  /** Every column of the own tables, or of the panel's, in the order of their names. */
  async function columns(isOwn: boolean): Promise<readonly string[]> {
    const catalogue =
      cell.on === 'sqlite'
        ? `select m.name as t, c.name as c, c.type as k from sqlite_master m join pragma_table_info(m.name) c
            where m.type = 'table' and m.name not like 'sqlite_%'`
        : `select table_name as t, column_name as c, data_type as k from information_schema.columns
            where table_schema = ${cell.on === 'postgres' ? 'current_schema()' : 'database()'}`;
    const rows = await panel.query(catalogue);
    const names = rows.filter(({ t }) => String(t).startsWith('sidecar_') === isOwn);
    return names.map(({ t, c, k }) => `${t}.${c} ${k}`).sort();
  }
  /** Every index of the panel's tables with its columns, in the order of their names. */
  async function panelIndexes(): Promise<readonly string[]> {
    const onMysql = `select table_name as t, index_name as i, column_name as c
      from information_schema.statistics where table_schema = database() order by seq_in_index`;
    const catalogue = {
      mariadb: onMysql,
      mysql: onMysql,
      sqlite: `select m.name as t, l.name as i, c.name as c from sqlite_master m
        join pragma_index_list(m.name) l join pragma_index_info(l.name) c where m.type = 'table' order by c.seqno`,
      postgres: `select tablename as t, indexname as i, indexdef as c from pg_indexes
        where schemaname = current_schema()`,
    }[cell.on];
    const rows = (await panel.query(catalogue)).filter(({ t }) => !String(t).startsWith('sidecar_'));
    return rows.map(({ t, i, c }) => `${t}.${i} ${c}`).sort();
  }
  const ownTables = async () => [...new Set((await columns(true)).map((name) => name.split('.')[0]))];

  const create = (url: string, body: object) =>
    send(url, { method: 'POST', path: keysOf(user), key: key.bearer, body });

  it('makes the tables and leaves the panel’s alone, does nothing a second time, and removes all', async () => {
    const panels = await columns(false);
    expect(panels.length).toBeGreaterThan(100);
    const indexes = await panelIndexes();
    expect(indexes.filter((name) => name.startsWith('allocations.')).length).toBeGreaterThan(0);
    expect(await migrate()).toEqual(made(stepsTaken));
    expect(await panelIndexes()).toEqual(indexes);
    expect(await ownTables()).toEqual(tables);
    expect(await columns(false)).toEqual(panels);
    const own = await columns(true);
    await panel.execute("insert into sidecar_keys (api_key_id, identifier) values (7000000, 'kept')");
    const journal = await panel.query('select * from sidecar_migrations');
    expect(journal).toMatchObject([{ version: 1 }, { version: 2 }]);

    expect(await migrate()).toEqual(made(''));
    expect(await columns(true)).toEqual(own);
    expect(await panel.query('select * from sidecar_migrations')).toEqual(journal);
    expect(await panel.query('select identifier from sidecar_keys')).toEqual([{ identifier: 'kept' }]);

    for (const missing of [tables.filter((table) => !/keys|migrations/.test(table)), []]) {
      for (const table of missing) await panel.execute(`drop table ${table}`);
      await panel.execute('delete from sidecar_migrations');
      expect(await migrate()).toEqual(made(stepsTaken));
      expect(await columns(true)).toEqual(own);
      expect(await panel.query('select identifier from sidecar_keys')).toEqual([{ identifier: 'kept' }]);
    }

    expect(await migrate('--down')).toEqual(succeeded(stepsRemoved));
    expect(await ownTables()).toEqual([]);
    expect(await columns(false)).toEqual(panels);
    expect(await migrate('--down')).toEqual(succeeded(stepsRemoved));
  }, 60_000);

  it('the service sees them after a restart, and works on without until then', async () => {
    const before = await startService(panel.folder, { env: unlimited });
    expect(await migrate()).toEqual(made(stepsTaken));
    await panel.grantOwnTables();
    expect((await create(before.url, { description: 'before', reference: 'r' })).status).toBe(501);
    expect((await create(before.url, { description: 'before' })).status).toBe(200);
    await before.stop();
    const after = await startService(panel.folder, { env: unlimited });
    expect(
      madeKey(await create(after.url, { description: 'after', reference: 'r' })).attributes.reference,
    ).toBe('r');
    const list = await send(after.url, { path: keysOf(user), key: key.bearer });
    expect((list.json as { data: unknown[] }).data).toHaveLength(3);
    await after.stop();
    await panel.execute("delete from api_keys where memo in ('before', 'after')");
  }, 60_000);

  describe('with keys that need the tables', () => {
    let confined: MadeKey;
    /** Two keys confined, one disabled, one replaced, and others that need nothing. */
    beforeAll(async () => {
      const env = { ...unlimited, ...enforcing, CLIENT_API_MAX_KEYS_PER_USER: '100' };
      const service = await startService(panel.folder, { env });
      const ask: Parameters<typeof makeKey>[0]['ask'] = (request) =>
        send(service.url, { key: key.bearer, ...request });
      const make = (description: string, more: object) => makeKey({ ask }, user, { description, ...more });
      const plain = { permissions: null };
      confined = await make('confined', {});
      await make('without any right', { permissions: [] });
      const disabled = await make('disabled', plain);
      await ask({ method: 'POST', path: `${keyOf(user, disabled)}/disable` });
      const replaced = await make('replaced', plain);
      await ask({ method: 'POST', path: `${keyOf(user, replaced)}/rotate`, body: { grace_seconds: 3600 } });
      await make('ending', { ...plain, expires_at: '2031-01-01' });
      await make('referenced', { ...plain, reference: 'r' });
      await service.stop();
    });

    it('serve starts only where their scopes are enforced, and says once that defaults apply', async () => {
      const refused = await serve().finished;
      expect([refused.code, refused.stderr]).toEqual([
        1,
        'panel-sidecar: 2 keys have scopes, which nothing enforces while scopes.enforce is false: set it, or revoke them\n',
      ]);
      const enforced = serve(enforcing);
      await enforced.printed(/"url":"http/);
      enforced.process.kill('SIGTERM');
      const { stdout } = await enforced.finished;
      expect(stdout.match(/new keys that name no permissions get the defaults: [^"]*/g)).toEqual([
        'new keys that name no permissions get the defaults: user.read, server.read',
      ]);
    }, 60_000);

    it('--down refuses and changes nothing, until it may revoke them', async () => {
      const before = await accountKeysOf(panel, user);
      expect(before).toHaveLength(8);
      expect(await migrate('--down')).toEqual({
        ...{ code: 1, stdout: '' },
        stderr:
          'panel-sidecar: 4 keys are confined, disabled or replaced, which would be forgotten: revoke them first, or add --revoke-them\n',
      });
      expect(await ownTables()).toEqual(tables);
      expect(await accountKeysOf(panel, user)).toEqual(before);

      // A row whose key the panel has deleted does not count.
      await panel.execute('delete from api_keys where identifier = ?', [confined.identifier]);
      expect(await migrate('--down', '--revoke-them')).toEqual(succeeded(`revoked 3 keys\n${stepsRemoved}`));
      expect(await ownTables()).toEqual([]);
      // What is left is worth no more than before, and its ends stand in the panel's own column.
      const left = await accountKeysOf(panel, user);
      expect(left.map(({ memo, expires_at }) => [memo, expires_at])).toEqual([
        ...[['the panel’s', null] as const, ['replaced', null] as const],
        ...[['ending', '2031-01-01 00:00:00'] as const, ['referenced', null] as const],
      ]);
      const revoked = await activities(panel, "event = 'user:api-key.delete'");
      expect(revoked).toHaveLength(3);
      for (const row of revoked) {
        expect(row).toMatchObject({
          actor: null,
          apiKeyId: null,
          ip: '127.0.0.1',
          subjects: [`user ${user.id}`],
        });
      }
    }, 60_000);
  });

  it('serve does not start on half of them, and names the command', async () => {
    await migrate();
    await panel.grantOwnTables();
    await panel.execute('drop table sidecar_outbox');
    const { code, stderr } = await serve().finished;
    expect([code, stderr]).toEqual([
      1,
      'panel-sidecar: the own tables are not complete, or not granted to this account: sidecar_outbox; run panel-sidecar migrate --panel PATH\n',
    ]);
    await panel.execute('drop table sidecar_keys');
    expect(await migrate('--down')).toEqual(succeeded(stepsRemoved));
    expect(await ownTables()).toEqual([]);
  }, 60_000);

  // A file has no accounts.
  if (cell.on !== 'sqlite') {
    it('without the right to make tables it says whose it takes', async () => {
      expect(await run(['migrate', '--panel', panel.folder])).toEqual(
        failure(
          "this database account may not make or remove tables: run this with the panel's own DB_USERNAME and DB_PASSWORD",
        ),
      );
      expect(await ownTables()).toEqual([]);
    });
  }
});
