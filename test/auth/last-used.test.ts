import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { afterEachRow } from '../support/after-each-row.ts';
import { cells } from '../support/cells.ts';
import type { SeededUser } from '../support/seed.ts';
import { keysOf, type Sidecar, startSidecar, until } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  let admin: SeededUser;
  let path: string;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    admin = await sidecar.seed.user({ admin: true });
    path = keysOf(await sidecar.seed.user());
  });
  afterAll(() => sidecar.close());

  async function noted(id: number) {
    const [row] = await sidecar.panel.query('select last_used_at, updated_at from api_keys where id = ?', [
      id,
    ]);
    return row ?? {};
  }

  const seconds = (text: unknown) => Math.floor(Date.parse(`${String(text).replace(' ', 'T')}Z`) / 1000);

  it('a used key gets last_used_at and updated_at', async () => {
    const key = await sidecar.seed.key(admin);
    const before = Math.floor(Date.now() / 1000);
    expect((await sidecar.send({ path, key: key.bearer })).status).toBe(200);
    const after = Math.floor(Date.now() / 1000);
    await until(async () => (await noted(key.id)).last_used_at !== null);
    const { last_used_at, updated_at } = await noted(key.id);
    expect(seconds(last_used_at)).toBeGreaterThanOrEqual(before);
    expect(seconds(last_used_at)).toBeLessThanOrEqual(after);
    expect(updated_at).toBe(last_used_at);
  });

  it('a key counts as used even where the request is then refused, as in the panel', async () => {
    const { seed, send } = sidecar;
    const locked = await seed.key(admin, { allowedIps: '["10.9.9.9"]' });
    const powerless = await seed.key(admin, { acl: 0 });
    for (const key of [locked, powerless]) {
      expect((await send({ path, key: key.bearer })).status).toBe(403);
      await until(async () => (await noted(key.id)).last_used_at !== null);
    }
  });

  it('a key is not used by a wrong secret, nor after its expiry', async () => {
    const { seed, send } = sidecar;
    const key = await seed.key(admin);
    const expired = await seed.key(admin, { expiresAt: '2020-01-01 00:00:00' });
    const later = await seed.key(admin);
    await send({ path, key: `${key.bearer}x` });
    await send({ path, key: expired.bearer });
    // Notes are written in the order they are taken: once this one is there, earlier ones would be.
    await send({ path, key: later.bearer });
    await until(async () => (await noted(later.id)).last_used_at !== null);
    expect((await noted(key.id)).last_used_at).toBeNull();
    expect((await noted(expired.id)).last_used_at).toBeNull();
  });

  it('is written at most once per key and second, under load too', async () => {
    const { panel, seed, send } = sidecar;
    const key = await seed.key(admin);
    await panel.execute('create table key_updates (id int)');
    const stop = await afterEachRow(panel, 'update', 'insert into key_updates values (new.id)');
    try {
      const from = Math.floor(Date.now() / 1000);
      for (let round = 0; round < 10; round += 1) {
        await Promise.all(Array.from({ length: 20 }, () => send({ path, key: key.bearer })));
      }
      const to = Math.floor(Date.now() / 1000);
      await until(async () => (await noted(key.id)).last_used_at !== null);
      const updates = await panel.query('select id from key_updates where id = ?', [key.id]);
      expect(updates.length).toBeGreaterThanOrEqual(1);
      expect(updates.length).toBeLessThanOrEqual(to - from + 1);
    } finally {
      await stop();
    }
  });

  it('is noted again in a later second', async () => {
    const key = await sidecar.seed.key(admin);
    await sidecar.send({ path, key: key.bearer });
    await until(async () => (await noted(key.id)).last_used_at !== null);
    const first = seconds((await noted(key.id)).last_used_at);
    await until(async () => {
      await sidecar.send({ path, key: key.bearer });
      return seconds((await noted(key.id)).last_used_at) > first;
    });
  });

  it('is in the database when the service has stopped', async () => {
    const other = await startSidecar(cell);
    try {
      const owner = await other.seed.user({ admin: true });
      const key = await other.seed.key(owner);
      const target = await other.seed.user();
      expect((await other.send({ path: keysOf(target), key: key.bearer })).status).toBe(200);
      expect(await other.service.stop()).toBe(0);
      const [row] = await other.panel.query('select last_used_at from api_keys where id = ?', [key.id]);
      expect(row?.last_used_at).not.toBeNull();
    } finally {
      await other.close();
    }
  });
});
