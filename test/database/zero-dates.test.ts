import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminSession } from '../support/admin-session.ts';
import { cells, isMysqlLike } from '../support/cells.ts';
import type { SeededKey, SeededUser } from '../support/seed.ts';
import { freeOn, keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';

// Old rows may hold MySQL's date for "none", which its newer versions no longer let in.
describe.each(cells.filter(isMysqlLike))('zero dates, with %s', (cell) => {
  let sidecar: Sidecar;
  let admin: SeededUser;
  let key: SeededKey;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    admin = await sidecar.seed.user({ admin: true });
    key = await sidecar.seed.key(admin);
  });
  afterAll(() => sidecar.close());

  async function set(table: string, changes: string, { id }: { readonly id: number }): Promise<void> {
    const session = await adminSession(sidecar.panel);
    await session.query("set sql_mode = ''");
    await session.query(`update ${table} set ${changes} where id = ${id}`);
    await session.end();
  }

  it('a key whose times are none is shown', async () => {
    const { seed, send } = sidecar;
    const user = await seed.user();
    const odd = await seed.key(user, { type: 1 });
    await set('api_keys', "created_at = '0000-00-00 00:00:00', last_used_at = '0000-00-00 00:00:00'", odd);
    const answer = await send({ path: keysOf(user), key: key.bearer });
    expect(answer.json).toMatchObject({ data: [{ attributes: { identifier: odd.identifier } }] });
  });

  it('a key whose end is none has ended', async () => {
    const { seed, send } = sidecar;
    const ended = await seed.key(admin);
    await set('api_keys', "expires_at = '0000-00-00 00:00:00'", ended);
    expect((await send({ path: keysOf(admin), key: ended.bearer })).status).toBe(401);
  });

  it('a node whose times are none is shown', async () => {
    const { seed, send } = sidecar;
    const odd = await seed.node(1);
    await set('nodes', "created_at = '0000-00-00 00:00:00', updated_at = null", odd);
    const answer = await send({ path: `${freeOn(odd)}?include=node`, key: key.bearer });
    const attributes = { created_at: '0000-00-00T00:00:00+00:00', updated_at: null };
    expect(answer.json).toMatchObject({
      data: [{ attributes: { relationships: { node: { attributes } } } }],
    });
  });
});
