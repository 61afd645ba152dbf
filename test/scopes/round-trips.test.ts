import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cells, isMysqlLike } from '../support/cells.ts';
import { send } from '../support/client.ts';
import { type DatabaseServer, startServer } from '../support/database-server.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { PanelSeed, type SeededKey } from '../support/seed.ts';
import type { RunningService } from '../support/service.ts';
import { scopingService } from './scoped-panel.ts';

// The others count no statements.
const counting = cells.filter(isMysqlLike);

describe.each(counting)('%s', ({ panel: name, on }) => {
  // Of its own: the shared one's counters count what other tests do.
  let server: DatabaseServer;
  let panel: PanelDatabase;
  let service: RunningService;
  let keys: readonly SeededKey[];

  beforeAll(async () => {
    server = await startServer(on);
    panel = await createPanelDatabase(name, on, server.address);
    await migrateOwnTables(panel);
    const seed = new PanelSeed(panel);
    const owner = await seed.user();
    keys = await Promise.all(Array.from({ length: 20 }, () => seed.key(owner, { type: 1 })));
    for (const { id, identifier } of keys) {
      const row = [id, identifier, '["user.read"]'];
      await panel.execute(
        'insert into sidecar_keys (api_key_id, identifier, permissions) values (?, ?, ?)',
        row,
      );
    }
    service = await scopingService(panel, 'nginx');
  });

  afterAll(async () => {
    await service?.stop();
    await panel?.drop();
    await server?.stop();
  });

  async function ask(bearer: string, uri = '/api/client/account'): Promise<number> {
    const headers = { 'x-original-method': 'GET', 'x-original-uri': uri };
    return (await send(service.url, { path: '/authorize', key: bearer, headers })).status;
  }

  /** Statements that clients have sent to the server since it started, this one included. */
  async function statements(): Promise<number> {
    const [row] = await panel.query("show global status like 'Questions'");
    return Number(row?.Value);
  }

  async function statementsOf(work: () => Promise<void>): Promise<number> {
    const before = await statements();
    await work();
    return (await statements()) - before - 1;
  }

  test('each call is one round trip, allowed, refused or unknown', async () => {
    const bearers = [...keys.map(({ bearer }) => bearer), 'x'.repeat(48)];
    for (const bearer of bearers) await ask(bearer);
    const sent = await statementsOf(async () => {
      for (const bearer of bearers) await ask(bearer);
      for (const bearer of bearers) await ask(bearer, '/api/client/account/api-keys');
    });
    expect(sent).toBe(2 * bearers.length);
  });

  test('a call without a key is none at all', async () => {
    expect(await statementsOf(async () => expect(await ask('')).toBe(401))).toBe(0);
  });

  test('calls at the same time share round trips', async () => {
    const burst = () =>
      Promise.all(Array.from({ length: 200 }, (_, index) => ask(keys[index % 20]?.bearer ?? '')));
    await burst();
    const answers: number[] = [];
    const sent = await statementsOf(async () => {
      answers.push(...(await burst()));
    });
    expect(answers).toEqual(Array.from({ length: 200 }, () => 204));
    expect(sent).toBeLessThan(100);
    expect(sent).toBeGreaterThan(0);
  });

  test('a key in other letters, which this database finds all the same, is 401', async () => {
    const [key] = keys;
    const { identifier = '', secret = '', bearer = '' } = key ?? {};
    expect(
      await panel.query('select id from api_keys where identifier = ?', [identifier.toUpperCase()]),
    ).toHaveLength(1);
    expect(await ask(bearer)).toBe(204);
    for (const spelled of [
      identifier.toUpperCase(),
      identifier.toLowerCase(),
      identifier.replace('S', 's'),
    ]) {
      expect([spelled, await ask(spelled + secret)]).toEqual([spelled, 401]);
    }
    expect(await ask(identifier + secret.toLowerCase())).toBe(401);
  });

  test('a narrowed key is narrower at the next call, and a deleted one gone', async () => {
    const { identifier = '', bearer = '' } = keys[1] ?? {};
    expect(await ask(bearer)).toBe(204);
    await panel.execute("update sidecar_keys set permissions = '[]' where identifier = ?", [identifier]);
    expect(await ask(bearer)).toBe(403);
    await panel.execute('delete from api_keys where identifier = ?', [identifier]);
    expect(await ask(bearer)).toBe(401);
  });

  test('while the database is away nothing passes', async () => {
    await server.halt();
    const during = await ask(keys[2]?.bearer ?? '');
    await server.start();
    expect(during).toBe(503);
    // The pool may hand out a connection of before the stop once.
    await expect.poll(() => ask(keys[2]?.bearer ?? '')).toBe(204);
  });
});
