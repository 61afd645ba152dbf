import { afterEach, beforeEach, expect, it } from 'vitest';
import { send } from '../support/client.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { accountKeysOf, PanelSeed } from '../support/seed.ts';
import { startService } from '../support/service.ts';
import { freeOn, keysOf } from '../support/sidecar.ts';

let panel: PanelDatabase;
beforeEach(async () => {
  panel = await createPanelDatabase('pterodactyl', 'mariadb');
});
afterEach(() => panel.drop());

async function failedStart(): Promise<string> {
  const started = startService(panel.folder);
  return started.then(
    async (service) => {
      await service.stop();
      return 'it started';
    },
    (error: Error) => error.message,
  );
}

it('a newer panel with more columns, in any place, is served', async () => {
  for (const change of [
    'alter table api_keys add scopes json null first, add note varchar(20) null after token',
    "alter table users add theme varchar(20) not null default 'dark' after id",
    'alter table nodes add tags text null first',
    'alter table allocations add is_locked tinyint not null default 0 after id',
    'alter table activity_logs add extra text null first',
    'create table something_new (id int)',
  ]) {
    await panel.execute(change);
  }
  const service = await startService(panel.folder);
  try {
    const seed = new PanelSeed(panel);
    const { bearer: key } = await seed.key(await seed.user({ admin: true }));
    const user = await seed.user();
    const node = await seed.node(2);
    const body = { description: 'x' };
    const made = await send(service.url, { method: 'POST', path: keysOf(user), key, body });
    expect(made.status).toBe(200);
    const [row] = await accountKeysOf(panel, user);
    expect(row).toMatchObject({ memo: 'x', scopes: null, note: null });
    const list = await send(service.url, { path: keysOf(user), key });
    expect(list.json).toMatchObject({ data: [{ attributes: { identifier: row?.identifier } }] });
    const free = await send(service.url, { path: `${freeOn(node)}?include=node`, key });
    expect(free.json).toMatchObject({ meta: { pagination: { total: 2 } } });
    expect(free.text).not.toContain('"tags"');
    const path = `${keysOf(user)}/${row?.identifier}`;
    expect((await send(service.url, { method: 'DELETE', path, key })).status).toBe(204);
  } finally {
    await service.stop();
  }
});

it('an older panel without expires_at is refused by that name, in one line', async () => {
  await panel.execute('alter table api_keys drop expires_at');
  const message = await failedStart();
  expect(message).toContain('ended with 1');
  expect(message).toContain('api_keys.expires_at');
  expect(message).not.toContain('users.');
  expect(message.trim().split('\n')).toHaveLength(1);
});

it('every missing column and table is named', async () => {
  await panel.execute('alter table users drop use_totp');
  await panel.execute('alter table nodes drop upload_size');
  await panel.execute('drop table settings');
  const message = await failedStart();
  for (const name of ['users.use_totp', 'nodes.upload_size', 'settings']) expect(message).toContain(name);
});

it('a panel whose keys were encrypted with another APP_KEY is refused without telling either', async () => {
  const seed = new PanelSeed(panel);
  const key = await seed.key(await seed.user());
  const other = 'base64:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=';
  const message = await startService(panel.folder, { env: { APP_KEY: other } }).then(
    () => 'it started',
    (error: Error) => error.message,
  );
  expect(message).toContain('APP_KEY does not open the stored API keys');
  for (const secret of [other, other.slice(7), key.secret]) expect(message).not.toContain(secret);
});
