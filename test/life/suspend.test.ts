import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusalOf } from '../support/client.ts';
import {
  keyOf,
  type Life,
  lifeCells,
  type MadeKey,
  makeKey,
  recordedOf,
  shownKey,
  startLife,
  works,
} from '../support/life.ts';
import { accountKeysOf, type SeededKey, type SeededUser } from '../support/seed.ts';
import { keysOf, until } from '../support/sidecar.ts';

const notFound = '404 NotFoundHttpException: The requested resource could not be found on the server.';
const unauthorized = '403 AccessDeniedHttpException: This action is unauthorized.';

describe.each(lifeCells)('disabling and enabling, %s', (cell) => {
  let life: Life;
  beforeAll(async () => {
    life = await startLife(cell);
  });
  afterAll(() => life.close());

  async function fresh(body: Readonly<Record<string, unknown>> = {}) {
    const user = await life.seed.user();
    return { user, made: await makeKey(life, user, { description: 'x', ...body }) };
  }

  const act = (
    action: 'disable' | 'enable',
    user: { readonly id: number },
    key: { readonly identifier: string },
    by = life.key.bearer,
  ) => life.ask({ method: 'POST', path: `${keyOf(user, key)}/${action}`, key: by });

  const panelsEnd = async (user: SeededUser) => (await accountKeysOf(life.panel, user))[0]?.expires_at;

  const recorded = async (key: { readonly identifier: string }) => [
    ...(await recordedOf(life.panel, 'user:api-key.disable', key)),
    ...(await recordedOf(life.panel, 'user:api-key.enable', key)),
  ];

  it.each([
    ['without an end', {}, null, null],
    [
      'with an end',
      { expires_at: '2031-02-03T04:05:06.789Z' },
      '2031-02-03 04:05:06',
      '2031-02-03T04:05:06+00:00',
    ],
  ])('a key %s is refused at once, and has its own end back afterwards', async (_, body, column, end) => {
    const { user, made } = await fresh(body);
    expect(await works(life, user, made)).toBe(true);

    const off = shownKey(await act('disable', user, made));
    expect(off).toMatchObject({ identifier: made.identifier, disabled: true });
    expect(off.expires_at ?? null).toBe(end);
    expect(await works(life, user, made)).toBe(false);
    // The panel refuses it by its own column, by a day and more, whatever daylight saving does to what it reads.
    expect(await panelsEnd(user)).toBe('1971-01-02 00:00:00');

    const on = shownKey(await act('enable', user, made));
    expect(on).not.toHaveProperty('disabled');
    expect(on.expires_at ?? null).toBe(end);
    expect(await panelsEnd(user)).toBe(column);
    expect(await works(life, user, made)).toBe(true);
    expect(await recorded(made)).toEqual(
      ['user:api-key.disable', 'user:api-key.enable'].map((event) => ({
        ...{ event, ip: '127.0.0.1', actor: `user ${life.admin.id}`, apiKeyId: life.key.id, subjects: [] },
        properties: { identifier: made.identifier, user_id: user.id },
      })),
    );
  });

  it('doing either twice changes nothing and records nothing', async () => {
    const { user, made } = await fresh();
    expect(shownKey(await act('enable', user, made))).toEqual(made.attributes);
    expect(await recorded(made)).toEqual([]);
    const first = await act('disable', user, made);
    const second = await act('disable', user, made);
    expect(second.text).toBe(first.text);
    expect(await recorded(made)).toHaveLength(1);
    await act('enable', user, made);
    const again = await act('enable', user, made);
    expect(shownKey(again)).not.toHaveProperty('disabled');
    expect(await recorded(made)).toHaveLength(2);
    expect(
      await life.panel.query('select * from sidecar_keys where identifier = ?', [made.identifier]),
    ).toEqual([]);
  });

  it('a key whose end has come can be disabled and enabled, and works in neither state', async () => {
    const user = await life.seed.user();
    const key = await life.seed.key(user, { type: 1, expiresAt: '2020-01-01 00:00:00' });
    expect(shownKey(await act('disable', user, key))).toMatchObject({
      ...{ disabled: true, expires_at: '2020-01-01T00:00:00+00:00' },
    });
    expect(await panelsEnd(user)).toBe('1971-01-02 00:00:00');
    expect(shownKey(await act('enable', user, key)).expires_at).toBe('2020-01-01T00:00:00+00:00');
    expect(await panelsEnd(user)).toBe('2020-01-01 00:00:00');
    expect(await works(life, user, key)).toBe(false);
  });

  it('a key ends while it is disabled', async () => {
    const { user, made } = await fresh({ expires_in: 1 });
    await act('disable', user, made);
    const end = Date.parse(String(made.attributes.expires_at)) + 2000;
    await until(() => Date.now() > end);
    const expired = await life.ask({ path: `${keysOf(user)}?filter[expired]=1&filter[disabled]=1` });
    expect(expired.json).toMatchObject({ data: [{ attributes: { identifier: made.identifier } }] });
    await act('enable', user, made);
    expect(await works(life, user, made)).toBe(false);
  });

  describe('by self-service', () => {
    let user: SeededUser;
    let own: SeededKey;
    let made: MadeKey;
    const enableMine = () => act('enable', user, made, own.bearer);
    const disableMine = () => act('disable', user, made, own.bearer);
    const start = async () => {
      ({ user, made } = await fresh());
      own = await life.seed.key(user, { type: 1 });
    };

    it('users disable and enable their own', async () => {
      await start();
      expect(shownKey(await disableMine()).disabled).toBe(true);
      expect(await works(life, user, made)).toBe(false);
      expect(shownKey(await enableMine())).not.toHaveProperty('disabled');
      expect(await works(life, user, made)).toBe(true);
    });

    it('users do not enable what was disabled over them, whatever they try', async () => {
      await start();
      await act('disable', user, made);
      expect(refusalOf(await enableMine())).toBe(unauthorized);
      expect((await disableMine()).status).toBe(200);
      expect(refusalOf(await enableMine())).toBe(unauthorized);
      const body = { expires_at: '2031-01-01' };
      await life.ask({ method: 'PATCH', path: keyOf(user, made), key: own.bearer, body });
      expect(refusalOf(await enableMine())).toBe(unauthorized);
      const rotation = { method: 'POST', path: `${keyOf(user, made)}/rotate`, key: own.bearer, body: {} };
      expect((await life.ask(rotation)).status).toBe(409);
      expect(await works(life, user, made)).toBe(false);
      expect(shownKey(await act('enable', user, made)).expires_at).toBe('2031-01-01T00:00:00+00:00');
      expect(await works(life, user, made)).toBe(true);
    });

    it('a suspension holds although the user disabled the key before', async () => {
      await start();
      await disableMine();
      expect(shownKey(await act('disable', user, made)).disabled).toBe(true);
      expect(refusalOf(await enableMine())).toBe(unauthorized);
      expect(shownKey(await act('enable', user, made))).not.toHaveProperty('disabled');
      await disableMine();
      expect(shownKey(await enableMine())).not.toHaveProperty('disabled');
    });

    it('an admin’s own account key counts as one that writes users', async () => {
      const boss = await life.seed.user({ admin: true });
      const bosses = await life.seed.key(boss, { type: 1 });
      const theirs = await life.seed.key(boss, { type: 1 });
      expect((await act('disable', boss, theirs, bosses.bearer)).status).toBe(200);
      expect((await act('enable', boss, theirs, bosses.bearer)).status).toBe(200);
      await start();
      expect((await act('disable', user, made, bosses.bearer)).status).toBe(200);
      expect(refusalOf(await enableMine())).toBe(unauthorized);
    });

    it('a key may disable itself, and then not enable itself', async () => {
      await start();
      expect((await act('disable', user, made, made.bearer)).status).toBe(200);
      expect((await act('enable', user, made, made.bearer)).status).toBe(401);
      expect((await enableMine()).status).toBe(200);
    });
  });

  it('a key that has been replaced can be disabled, and never enabled', async () => {
    const { user, made } = await fresh();
    await life.ask({ method: 'POST', path: `${keyOf(user, made)}/rotate`, body: { grace_seconds: 600 } });
    const replaced = '409 ConflictHttpException: This key has been replaced and cannot be enabled any more.';
    expect(refusalOf(await act('enable', user, made))).toBe(replaced);
    expect(shownKey(await act('disable', user, made)).disabled).toBe(true);
    expect(await works(life, user, made)).toBe(false);
    expect(refusalOf(await act('enable', user, made))).toBe(replaced);
  });

  it('a disabled key counts for limit and uniqueness', async () => {
    const { user, made } = await fresh();
    await act('disable', user, made);
    const again = await life.ask({ method: 'POST', path: keysOf(user), body: { description: 'X' } });
    expect(again.status).toBe(422);
    for (const description of ['2', '3', '4', '5']) await makeKey(life, user, { description });
    const sixth = await life.ask({ method: 'POST', path: keysOf(user), body: { description: '6' } });
    expect(sixth.status).toBe(400);
  });

  it.each(['disable', 'enable'] as const)('%s reaches no other key, and none of an admin', async (action) => {
    const { made } = await fresh();
    const other = await life.seed.user();
    const application = await life.seed.key(other, { type: 2 });
    for (const key of [made, application, { identifier: 'ptlc_AAAAAAAAAAA' }]) {
      expect(refusalOf(await act(action, other, key))).toBe(notFound);
    }
    const boss = await life.seed.user({ admin: true });
    expect(refusalOf(await act(action, boss, await life.seed.key(boss, { type: 1 })))).toBe(unauthorized);
    const reader = await life.seed.key(life.admin, { acl: { users: 1 } });
    const stranger = await life.seed.key(await life.seed.user(), { type: 1 });
    for (const { bearer } of [reader, stranger]) {
      expect((await act(action, other, made, bearer)).status).toBe(403);
    }
  });

  it('shows what fields ask for', async () => {
    const { user, made } = await fresh();
    const path = `${keyOf(user, made)}/enable?fields=disabled,user_id`;
    expect(shownKey(await life.ask({ method: 'POST', path }))).toMatchObject({
      disabled: false,
      user_id: user.id,
    });
  });
});
