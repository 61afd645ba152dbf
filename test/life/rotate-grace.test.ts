import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorsOf } from '../support/client.ts';
import { insertRows } from '../support/insert-rows.ts';
import {
  enforcing,
  keyOf,
  type Life,
  lifeCells,
  listedKeys,
  madeKey,
  makeKey,
  startLife,
  works,
} from '../support/life.ts';
import { accountKeysOf } from '../support/seed.ts';
import { keysOf, until } from '../support/sidecar.ts';
import { rotatingOn } from './rotating.ts';

describe.each(lifeCells)('rotating a key with a grace, %s', (cell) => {
  let life: Life;
  beforeAll(async () => {
    life = await startLife(cell, enforcing);
  });
  afterAll(() => life.close());

  const { fresh, rotate, ownRow, deletionsOf } = rotatingOn(() => life);

  it('the old key works beside the new one, with an end of its own', async () => {
    const { user, old } = await fresh();
    const before = Date.now();
    const made = madeKey(await rotate(user, old, { grace_seconds: 3600 }));
    const after = Date.now();
    expect([await works(life, user, old), await works(life, user, made)]).toEqual([true, true]);
    const own = await ownRow(old);
    expect(own).toMatchObject({ rotated_to: made.identifier, rotated_from: null, disabled_at: null });
    expect(Number(own?.expires_at)).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(Number(own?.expires_at)).toBeLessThanOrEqual(after + 3_600_000);
    const [row] = await accountKeysOf(life.panel, user);
    // What the panel enforces, to the second, is never later than that.
    expect(Date.parse(`${String(row?.expires_at).replace(' ', 'T')}Z`)).toBe(
      Math.floor(Number(own?.expires_at) / 1000) * 1000,
    );
    expect(await ownRow(made)).toMatchObject({
      rotated_from: old.identifier,
      expires_at: null,
      rotated_to: null,
    });
    const listed = listedKeys(await life.ask({ path: keysOf(user) }));
    expect(listed.map(({ identifier }) => identifier)).toEqual([old.identifier, made.identifier]);
    expect(await deletionsOf(old)).toEqual([]);
  });

  it('the old key never lives longer than it would have', async () => {
    const { user, old } = await fresh({ expires_in: 600 });
    const before = await ownRow(old);
    madeKey(await rotate(user, old, { grace_seconds: 3600 }));
    expect((await ownRow(old))?.expires_at).toBe(before?.expires_at);
    const shorter = await fresh({ expires_in: 6000 });
    madeKey(await rotate(shorter.user, shorter.old, { grace_seconds: 600 }));
    expect(Number((await ownRow(shorter.old))?.expires_at) - Date.now()).toBeLessThanOrEqual(600_000);
  });

  it('of a user there are twenty at most beside their successors', async () => {
    const { user, old } = await fresh();
    const own = (await life.seed.key(user, { type: 1 })).bearer;
    let newest = old;
    for (let rotation = 0; rotation < 20; rotation += 1) {
      newest = madeKey(await rotate(user, newest, { grace_seconds: 604_800 }, own));
    }
    for (const by of [own, life.key.bearer]) {
      expect(errorsOf(await rotate(user, newest, { grace_seconds: 1 }, by))).toEqual([
        {
          ...{ code: 'ConflictHttpException', status: '409' },
          detail:
            'This user has 20 replaced keys whose grace has not ended: revoke one of them, or rotate without a grace.',
        },
      ]);
    }
    // The key that sends is one of them.
    expect(await accountKeysOf(life.panel, user)).toHaveLength(22);
    newest = madeKey(await rotate(user, newest, {}, own));
    await life.ask({ method: 'DELETE', path: keyOf(user, old) });
    madeKey(await rotate(user, newest, { grace_seconds: 604_800 }, own));
  });

  it('however many rows other deleted keys have left, and their keys are let alone', async () => {
    const owner = await life.seed.user();
    const rows = [];
    for (let made = 0; made < 120; made += 1) {
      const { id } = await life.seed.key(owner, { type: 1 });
      rows.push({
        ...{ api_key_id: id, identifier: 'ptlc_Gone0000001', expires_at: 1, rotated_to: 'ptlc_Next0000001' },
        disabled_by_admin: 0,
      });
    }
    await insertRows(life.panel, 'sidecar_keys', rows);
    const { user, old } = await fresh();
    madeKey(await rotate(user, old, { grace_seconds: 1 }));
    await until(async () => (await accountKeysOf(life.panel, user)).length === 1);
    expect(await accountKeysOf(life.panel, owner)).toHaveLength(120);
  });

  it('the old key ends with it, and is deleted with its row in the audit', async () => {
    const { user, old } = await fresh();
    const made = madeKey(await rotate(user, old, { grace_seconds: 1 }));
    const end = Number((await ownRow(old))?.expires_at);
    await until(async () => (await deletionsOf(old)).length > 0);
    expect(Date.now()).toBeGreaterThanOrEqual(end);
    expect(await deletionsOf(old)).toEqual([
      {
        ...{ event: 'user:api-key.delete', ip: '127.0.0.1', actor: null, apiKeyId: null },
        ...{ properties: { identifier: old.identifier }, subjects: [`user ${user.id}`] },
      },
    ]);
    const left = (await accountKeysOf(life.panel, user)).map(({ identifier }) => identifier);
    expect(left).toEqual([made.identifier]);
    expect(await ownRow(old)).toBeUndefined();
    expect([await works(life, user, old), await works(life, user, made)]).toEqual([false, true]);
  });

  it('the old key stops at its own end, not when it is cleared away', async () => {
    const { user, old } = await fresh();
    madeKey(await rotate(user, old, { grace_seconds: 1 }));
    const end = Number((await ownRow(old))?.expires_at);
    for (;;) {
      const asked = Date.now();
      const isLetIn = await works(life, user, old);
      if (!isLetIn) {
        expect(Date.now()).toBeGreaterThanOrEqual(end);
        break;
      }
      expect(asked).toBeLessThanOrEqual(end);
    }
  });

  it('the old key counts for neither limit nor uniqueness', async () => {
    const { user, old } = await fresh();
    for (const description of ['2', '3', '4', '5']) await makeKey(life, user, { description });
    const made = madeKey(await rotate(user, old, { grace_seconds: 600 }));
    expect(await accountKeysOf(life.panel, user)).toHaveLength(6);
    const create = (description: string) =>
      life.ask({ method: 'POST', path: keysOf(user), body: { description } });
    expect((await create('6')).status).toBe(400);
    // The new key's description is taken, the old one's is not: they are the same until the new one's changes.
    expect(errorsOf(await create('X'))).toMatchObject([{ meta: { rule: 'unique' } }]);
    await life.ask({ method: 'PATCH', path: keyOf(user, made), body: { description: 'renamed' } });
    expect((await create('X')).status).toBe(400);
    await life.ask({ method: 'DELETE', path: keyOf(user, made) });
    expect((await create('X')).status).toBe(200);
    expect(await works(life, user, old)).toBe(true);
  });

  it('a chain of rotations keeps every link', async () => {
    const { user, old } = await fresh();
    const second = madeKey(await rotate(user, old, { grace_seconds: 600 }));
    const third = madeKey(await rotate(user, second, { grace_seconds: 600 }));
    expect(third.attributes.rotated_from).toBe(second.identifier);
    const all = listedKeys(await life.ask({ path: `${keysOf(user)}?fields=rotated_from` }));
    expect(all.map(({ rotated_from }) => rotated_from)).toEqual([null, old.identifier, second.identifier]);
    for (const key of [old, second, third]) expect(await works(life, user, key)).toBe(true);
  });

  it('the old key can still be revoked', async () => {
    const { user, old } = await fresh();
    madeKey(await rotate(user, old, { grace_seconds: 600 }));
    expect((await life.ask({ method: 'DELETE', path: keyOf(user, old) })).status).toBe(204);
    expect(await works(life, user, old)).toBe(false);
    expect(await ownRow(old)).toBeUndefined();
  });
});
