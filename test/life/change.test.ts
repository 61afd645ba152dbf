import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusalOf } from '../support/client.ts';
import {
  enforcing,
  keyOf,
  type Life,
  lifeCells,
  makeKey,
  recordedOf,
  shownKey,
  startLife,
  works,
} from '../support/life.ts';
import { accountKeysOf, type SeededUser } from '../support/seed.ts';
import { keysOf } from '../support/sidecar.ts';

const unauthorized = '403 AccessDeniedHttpException: This action is unauthorized.';

describe.each(lifeCells)('changing a key, %s', (cell) => {
  let life: Life;
  beforeAll(async () => {
    life = await startLife(cell, enforcing);
  });
  afterAll(() => life.close());

  const everything = {
    ...{ description: 'before', allowed_ips: ['127.0.0.0/8'], expires_at: '2031-01-01T00:00:00Z' },
    ...{ permissions: ['user.read'], servers: ['0a1b2c3d'], reference: 'r1' },
  };
  const shown = {
    ...everything,
    expires_at: '2031-01-01T00:00:00+00:00',
    last_used_at: null,
  };

  async function fresh(body: Readonly<Record<string, unknown>> = everything) {
    const user = await life.seed.user();
    return { user, made: await makeKey(life, user, body) };
  }

  const patch = (user: { readonly id: number }, key: { readonly identifier: string }, body: unknown) =>
    life.ask({ method: 'PATCH', path: keyOf(user, key), body });

  const rowsOf = async (user: SeededUser, { identifier }: { readonly identifier: string }) => {
    const row = (await accountKeysOf(life.panel, user)).find(
      (candidate) => candidate.identifier === identifier,
    );
    const [own] = await life.panel.query('select * from sidecar_keys where api_key_id = ?', [row?.id ?? 0]);
    return { row, own };
  };

  it.each<[string, object, object]>([
    ['description', { description: '  after ☕ ' }, { description: 'after ☕' }],
    ['allowed_ips', { allowed_ips: ['::1', '10.0.0.0/8'] }, { allowed_ips: ['::1', '10.0.0.0/8'] }],
    ['allowed_ips as a map', { allowed_ips: { a: '::1' } }, { allowed_ips: { a: '::1' } }],
    ['expires_at', { expires_at: '2032-02-03T04:05:06.7Z' }, { expires_at: '2032-02-03T04:05:06+00:00' }],
    ['permissions', { permissions: ['file.read'] }, { permissions: ['file.read'] }],
    ['servers', { servers: ['FFFFFFFF'] }, { servers: ['ffffffff'] }],
    ['reference', { reference: 'r2' }, { reference: 'r2' }],
    [
      'several',
      { reference: 'r3', description: 'after', permissions: [] },
      { reference: 'r3', description: 'after', permissions: [] },
    ],
  ])('%s, and nothing else', async (_, change, changed) => {
    const { user, made } = await fresh();
    const attributes = shownKey(await patch(user, made, change));
    const expected = {
      identifier: made.identifier,
      created_at: made.attributes.created_at,
      ...shown,
      ...changed,
    };
    expect(attributes).toEqual(expected);
    expect(shownKey(await life.ask({ path: keyOf(user, made) }))).toEqual(expected);
    expect(await recordedOf(life.panel, 'user:api-key.update', made)).toMatchObject([
      {
        ...{ actor: `user ${life.admin.id}`, apiKeyId: life.key.id, ip: '127.0.0.1', subjects: [] },
        properties: { identifier: made.identifier, user_id: user.id, fields: Object.keys(change) },
      },
    ]);
  });

  it.each<[string, object, string]>([
    ['allowed_ips', { allowed_ips: null }, 'allowed_ips'],
    ['expires_at', { expires_at: null }, 'expires_at'],
    ['servers', { servers: null }, 'servers'],
    ['permissions with servers', { permissions: null, servers: null }, 'permissions'],
    ['reference', { reference: null }, 'reference'],
    ['reference, empty', { reference: ' ' }, 'reference'],
  ])('null clears %s', async (_, change, cleared) => {
    const { user, made } = await fresh();
    const attributes = shownKey(await patch(user, made, change));
    if (cleared === 'allowed_ips') expect(attributes.allowed_ips).toEqual([]);
    else expect(attributes).not.toHaveProperty(cleared);
    const stored = { ...(await rowsOf(user, made)) };
    if (cleared === 'allowed_ips') expect(stored.row?.allowed_ips).toBe('[]');
    else expect(stored.own?.[cleared]).toBeNull();
    if (cleared === 'expires_at') expect(stored.row?.expires_at).toBeNull();
  });

  it('a key of which nothing is left to say has no own row', async () => {
    const { user, made } = await fresh();
    const nothing = { expires_at: null, permissions: null, servers: null, reference: null };
    expect(Object.keys(shownKey(await patch(user, made, nothing)))).toEqual([
      ...['identifier', 'description', 'allowed_ips', 'last_used_at', 'created_at'],
    ]);
    expect((await rowsOf(user, made)).own).toBeUndefined();
  });

  it('a key that the panel made can be given what the panel does not know', async () => {
    const user = await life.seed.user();
    const key = await life.seed.key(user, { type: 1, memo: 'the panel’s' });
    const change = { reference: 'r9', permissions: ['user.read'], expires_in: 3600 };
    const attributes = shownKey(await patch(user, key, change));
    expect(attributes).toMatchObject({
      description: 'the panel’s',
      reference: 'r9',
      permissions: ['user.read'],
    });
    const { row, own } = await rowsOf(user, key);
    expect(own).toMatchObject({ identifier: key.identifier, reference: 'r9' });
    const floored = Math.floor(Number(own?.expires_at) / 1000) * 1000;
    expect(Date.parse(`${String(row?.expires_at).replace(' ', 'T')}Z`)).toBe(floored);
    expect(floored - Date.now()).toBeLessThanOrEqual(3_600_000);
    expect(floored - Date.now()).toBeGreaterThan(3_500_000);
    expect(row?.updated_at).not.toBe(row?.created_at);
  });

  it('no fields, no change, but the key as it is', async () => {
    const { user, made } = await fresh();
    for (const body of [{}, undefined, { unknown: 1, identifier: 'ptlc_chosenByMe0', user_id: 1 }]) {
      expect(shownKey(await patch(user, made, body))).toEqual({ ...made.attributes });
    }
  });

  it('what is narrowed holds at the next request', async () => {
    const user = await life.seed.user();
    const made = await makeKey(life, user, { description: 'x', permissions: null });
    expect(await works(life, user, made)).toBe(true);
    await patch(user, made, { allowed_ips: ['127.0.0.9'] });
    expect((await life.ask({ path: keysOf(user), key: made.bearer })).status).toBe(403);
    await patch(user, made, { allowed_ips: null });
    expect(await works(life, user, made)).toBe(true);
    await patch(user, made, { permissions: ['user.read'] });
    expect(refusalOf(await life.ask({ path: keysOf(user), key: made.bearer }))).toBe(unauthorized);
  });

  it('a disabled key stays disabled, and its stored end is what changes', async () => {
    const { user, made } = await fresh();
    await life.ask({ method: 'POST', path: `${keyOf(user, made)}/disable` });
    const change = { description: 'changed', expires_at: '2033-01-01', permissions: null, servers: null };
    expect(shownKey(await patch(user, made, change))).toMatchObject({
      ...{ disabled: true, expires_at: '2033-01-01T00:00:00+00:00', description: 'changed' },
    });
    expect((await rowsOf(user, made)).row?.expires_at).toBe('1971-01-02 00:00:00');
    expect(await works(life, user, made)).toBe(false);
    expect(shownKey(await life.ask({ method: 'POST', path: `${keyOf(user, made)}/enable` })).expires_at).toBe(
      '2033-01-01T00:00:00+00:00',
    );
    expect((await rowsOf(user, made)).row?.expires_at).toBe('2033-01-01 00:00:00');
    expect(await works(life, user, made)).toBe(true);
  });

  it('an expired key can be given a new end', async () => {
    const user = await life.seed.user();
    const key = await life.seed.key(user, { type: 1, expiresAt: '2020-01-01 00:00:00' });
    expect(await works(life, user, key)).toBe(false);
    await patch(user, key, { expires_at: null });
    expect(await works(life, user, key)).toBe(true);
  });

  it('by self-service null permissions are the defaults: only who writes users frees a key', async () => {
    const { user, made } = await fresh();
    const own = await life.seed.key(user, { type: 1 });
    const body = { permissions: null };
    const mine = await life.ask({ method: 'PATCH', path: keyOf(user, made), key: own.bearer, body });
    expect(shownKey(mine).permissions).toEqual(['user.read', 'server.read']);
  });
});
