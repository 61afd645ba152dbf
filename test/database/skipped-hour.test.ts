import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pelican } from '../support/cells.ts';
import { type DatabaseServer, startServer } from '../support/database-server.ts';
import { type Life, madeKey, startLife } from '../support/life.ts';
import { createMysqlDatabase } from '../support/mysql-database.ts';
import { accountKeysOf, activities } from '../support/seed.ts';
import { keysOf } from '../support/sidecar.ts';
import { defineTimeZone } from '../support/time-zone.ts';

const hour = 3600;

/** The server's zone has gone over these hours of the clock, in which Pelican writes the times of UTC all the same. */
describe(`in an hour that the zone of the server skips, ${pelican}`, () => {
  let server: DatabaseServer;
  let life: Life;
  beforeAll(async () => {
    server = await startServer(pelican.on);
    const database = await createMysqlDatabase(server.address);
    const now = Math.floor(Date.now() / 1000);
    const summer = Date.parse('2035-03-25T01:00:00Z') / 1000;
    await defineTimeZone(database, 'Test/Skips', [
      { at: 0, offset: 0 },
      // By the clock, from half an hour ago until half an hour from now.
      { at: now - hour / 2, offset: hour },
      { at: summer, offset: 2 * hour },
    ]);
    await database.execute("set global time_zone = 'Test/Skips'");
    await database.drop();
    life = await startLife(pelican, {}, server.address);
  });
  afterAll(async () => {
    await life?.close();
    await server?.stop();
  });

  test('keys are made, listed, used and deleted, and each is recorded', async () => {
    const user = await life.seed.user();
    const made = await life.ask({ method: 'POST', path: keysOf(user), body: { description: 'now' } });
    expect(made.status).toBe(200);
    const { identifier } = madeKey(made);
    expect((await life.ask({ path: keysOf(user) })).text).toContain(identifier);
    const gone = await life.ask({ method: 'DELETE', path: `${keysOf(user)}/${identifier}` });
    expect(gone.status).toBe(204);
    const rows = await activities(life.panel, 'true');
    expect(rows.map(({ event }) => event)).toEqual([
      ...['user:api-key.create', 'user:api-key.view', 'user:api-key.delete'],
    ]);
  });

  test('the end of a key is kept, and the panel has the first time after it that there is', async () => {
    const user = await life.seed.user();
    const body = { description: 'summer', expires_at: '2035-03-25T02:30:00Z' };
    const made = await life.ask({ method: 'POST', path: keysOf(user), body });
    expect(made.status).toBe(200);
    const [row] = await accountKeysOf(life.panel, user);
    expect(row).toMatchObject({ expires_at: '2035-03-25 03:00:00' });
    const [own] = await life.panel.query('select expires_at from sidecar_keys');
    expect(own?.expires_at).toBe(Date.parse(body.expires_at));
  });

  test('what is searched for by such a time is found', async () => {
    const path = '/api/application/api-keys?filter[expires_before]=2035-03-25T02:45:00Z';
    expect((await life.ask({ path })).status).toBe(200);
  });
});
