import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cells } from '../support/cells.ts';
import { insertRows } from '../support/insert-rows.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { seedRecordedState } from '../support/recorded-state.ts';
import { activities, sealed } from '../support/seed.ts';
import { examine } from './examine.ts';

const enforced = { SIDECAR_SCOPES_ENFORCE: 'true' };
/** Nothing listens there: the key is made, and deleted when it could not be sent. */
const nowhere = 'http://127.0.0.1:1';

test('whoever has a server is left alone', async () => {
  const panel = await createPanelDatabase('pterodactyl', 'sqlite');
  await migrateOwnTables(panel);
  // Of these users 1002, 1003 and 1005 are no admins.
  await seedRecordedState(panel, (secret) => sealed(panel.traits, secret));
  const owners: (string | undefined)[] = [];
  for (const owner of [1003, 1002]) {
    await panel.execute('update servers set owner_id = ?', [owner]);
    await panel.execute('delete from activity_logs');
    await examine(panel, 'scopes', enforced, nowhere);
    const [made] = await activities(panel, "event = 'user:api-key.create'");
    owners.push(made?.subjects[0]);
  }
  await panel.drop();
  expect(owners).toEqual(['user 1002', 'user 1003']);
});

describe.each(cells)('%s', ({ panel: name, on }) => {
  let panel: PanelDatabase;

  beforeAll(async () => {
    panel = await createPanelDatabase(name, on);
    await migrateOwnTables(panel);
    const user = (id: number) => ({
      ...{ id, uuid: crypto.randomUUID(), username: `u${id}`, email: `u${id}@panel.test`, password: 'none' },
      ...(name === 'pterodactyl' ? { root_admin: id === 1 ? 1 : 0, use_totp: 0 } : {}),
    });
    await insertRows(panel, 'users', [user(1), user(2)]);
    if (name === 'pelican') {
      await insertRows(panel, 'roles', [{ id: 1, name: 'Root Admin', guard_name: 'web' }]);
      await insertRows(panel, 'model_has_roles', [{ role_id: 1, model_type: 'user', model_id: 1 }]);
    }
  });

  afterAll(() => panel?.drop());

  test('a key of the user who is no admin is made and deleted, where it may be seen whose servers are', async () => {
    const report = await examine(panel, 'scopes', { ...panel.adminEnv, ...enforced }, nowhere);
    expect(report).toMatchObject({ status: 'fail', detail: expect.stringContaining('did not answer') });
    expect(await panel.query('select id from api_keys')).toEqual([]);
    expect(await panel.query('select api_key_id from sidecar_keys')).toEqual([]);
    const logged = await activities(panel, '1 = 1');
    expect(logged.map(({ event, subjects }) => [event, subjects[0]])).toEqual([
      ['user:api-key.create', 'user 2'],
      ['user:api-key.delete', 'user 2'],
    ]);
  });

  test('with least privilege the user must be named', async () => {
    const report = await examine(panel, 'scopes', enforced, nowhere);
    // A file has no accounts.
    if (on === 'sqlite') expect(report.detail).toContain('did not answer');
    else {
      expect(report).toMatchObject({
        status: 'fail',
        remedy: 'pass --user with a user who is no admin; make one if there is none',
      });
    }
  });

  test('a key that a killed run has left is deleted by the next, once it has ended', async () => {
    const leave = async (identifier: string, end: number) => {
      await insertRows(panel, 'api_keys', [
        {
          ...{ user_id: 2, key_type: 1, identifier, token: 'x', memo: 'panel-sidecar doctor' },
          ...{ allowed_ips: '[]', created_at: '2026-01-02 03:04:05' },
        },
      ]);
      await panel.execute(
        `insert into sidecar_keys (api_key_id, identifier, permissions, expires_at)
          select id, identifier, ?, ? from api_keys where identifier = ?`,
        ['["user.read"]', end, identifier],
      );
    };
    await leave('ptlc_Ended000001', Date.now() - 1);
    await leave('ptlc_Living00001', Date.now() + 60_000);
    await panel.execute('delete from activity_logs');
    await examine(panel, 'scopes', enforced, nowhere);
    const deleted = await activities(panel, "event = 'user:api-key.delete'");
    expect(deleted[0]?.properties).toEqual({ identifier: 'ptlc_Ended000001' });
    expect(await panel.query('select identifier from api_keys')).toEqual([
      { identifier: 'ptlc_Living00001' },
    ]);
    expect(await panel.query('select identifier from sidecar_keys')).toEqual([
      { identifier: 'ptlc_Living00001' },
    ]);
  });
});
