import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusalOf } from '../support/client.ts';
import { enforcing, keyOf, type Life, lifeCells, type MadeKey, makeKey, startLife } from '../support/life.ts';
import { activities, type SeededKey, type SeededUser } from '../support/seed.ts';
import { freeOn, keysOf, until } from '../support/sidecar.ts';

const unauthorized = '403 AccessDeniedHttpException: This action is unauthorized.';

describe.each(lifeCells)('a key with scopes, %s', (cell) => {
  let life: Life;
  let user: SeededUser;
  let boss: SeededUser;
  let other: SeededKey;
  /** Everything there is to ask for, which is nothing here. */
  let scoped: MadeKey;
  /** The same of an admin. */
  let bosses: MadeKey;
  let node: { readonly id: number };
  beforeAll(async () => {
    life = await startLife(cell, enforcing);
    user = await life.seed.user();
    boss = await life.seed.user({ admin: true });
    const all = await life.ask({ path: '/openapi.json', from: '127.0.0.1' });
    const names = JSON.stringify(all.json).match(/"(?:user|server|file|control|websocket)\.[a-z-]+"/g) ?? [];
    const permissions = [...new Set(names)].map((name) => JSON.parse(name) as string);
    expect(permissions).toEqual(
      expect.arrayContaining(['user.read', 'server.read', 'server.write', 'file.read']),
    );
    scoped = await makeKey(life, user, { description: 'scoped', permissions });
    const own = await life.seed.key(boss, { type: 1, memo: 'full' });
    bosses = await makeKey(life, boss, { description: 'scoped', permissions }, { key: own.bearer });
    other = await life.seed.key(user, { type: 1, memo: 'other' });
    node = await life.seed.node(2);
  });
  afterAll(() => life.close());

  const on = (owner: SeededUser, key: { readonly identifier: string }) =>
    [
      ['GET', keysOf(owner), undefined, '/api/application/users/{user}/api-keys'],
      ['POST', keysOf(owner), { description: 'x' }, '/api/application/users/{user}/api-keys'],
      ['POST', `${keysOf(owner)}/revoke`, { all: true }, '/api/application/users/{user}/api-keys/revoke'],
      ['GET', keyOf(owner, key), undefined, '/api/application/users/{user}/api-keys/{identifier}'],
      [
        'PATCH',
        keyOf(owner, key),
        { permissions: null },
        '/api/application/users/{user}/api-keys/{identifier}',
      ],
      ['DELETE', keyOf(owner, key), undefined, '/api/application/users/{user}/api-keys/{identifier}'],
      [
        'POST',
        `${keyOf(owner, key)}/rotate`,
        {},
        '/api/application/users/{user}/api-keys/{identifier}/rotate',
      ],
      [
        'POST',
        `${keyOf(owner, key)}/disable`,
        undefined,
        '/api/application/users/{user}/api-keys/{identifier}/disable',
      ],
      [
        'POST',
        `${keyOf(owner, key)}/enable`,
        undefined,
        '/api/application/users/{user}/api-keys/{identifier}/enable',
      ],
    ] as const;
  const everywhere = () =>
    [
      ['GET', '/api/application/api-keys', undefined, '/api/application/api-keys'],
      [
        'POST',
        '/api/application/api-keys/revoke',
        { keys: [other.bearer] },
        '/api/application/api-keys/revoke',
      ],
      ['GET', freeOn(node), undefined, '/api/application/nodes/{node}/allocations/free'],
    ] as const;

  it('is refused on every endpoint, and the refusal recorded with its reason', async () => {
    const before = await life.panel.query(
      'select id, identifier, memo, expires_at from api_keys order by id',
    );
    const callers = [
      { owner: user, by: scoped, requests: [...on(user, scoped), ...on(user, other), ...everywhere()] },
      { owner: boss, by: bosses, requests: [...on(boss, bosses), ...on(user, other), ...everywhere()] },
    ];
    for (const { owner, by, requests } of callers) {
      const [row] = await life.panel.query('select id from api_keys where identifier = ?', [by.identifier]);
      const id = Number(row?.id);
      for (const [method, path, body] of requests) {
        const answer = await life.ask({
          method,
          path,
          key: by.bearer,
          ...(body === undefined ? {} : { body }),
        });
        expect([method, path, refusalOf(answer)]).toEqual([method, path, unauthorized]);
      }
      const recorded = await activities(life.panel, "event = 'api:refused' and api_key_id = ?", [id]);
      expect(recorded).toEqual(
        requests.map(([method, , , route]) => ({
          ...{ event: 'api:refused', ip: '127.0.0.1', actor: `user ${owner.id}`, apiKeyId: id, subjects: [] },
          properties: { method, route, status: 403, reason: 'scoped-key' },
        })),
      );
    }
    expect(
      await life.panel.query('select id, identifier, memo, expires_at from api_keys order by id'),
    ).toEqual(before);
  });

  it('with no permission at all is refused all the same', async () => {
    const made = await makeKey(life, await life.seed.user(), { description: 'x', permissions: [] });
    expect(refusalOf(await life.ask({ path: keysOf(user), key: made.bearer }))).toBe(unauthorized);
  });

  it('whose list of permissions cannot be read is refused', async () => {
    const owner = await life.seed.user();
    const made = await makeKey(life, owner, { description: 'x', permissions: ['user.read'] });
    for (const stored of ['', 'no json', '{"a":1}', '"user.read"', 'null']) {
      await life.panel.execute('update sidecar_keys set permissions = ? where identifier = ?', [
        ...[stored, made.identifier],
      ]);
      expect(refusalOf(await life.ask({ path: keysOf(owner), key: made.bearer })), stored).toBe(unauthorized);
    }
  });

  it('is still counted as used', async () => {
    const owner = await life.seed.user();
    const made = await makeKey(life, owner, { description: 'x', permissions: ['user.read'] });
    await life.ask({ path: keysOf(owner), key: made.bearer });
    const usedAt = () =>
      life.panel.query('select last_used_at from api_keys where identifier = ?', [made.identifier]);
    await until(async () => (await usedAt())[0]?.last_used_at !== null);
  });

  it('a row of the own tables that was written for another key says nothing of this one', async () => {
    const owner = await life.seed.user();
    const made = await makeKey(life, owner, { description: 'x', permissions: ['user.read'] });
    const stranger = await life.seed.key(owner, { type: 1, memo: 'later' });
    await life.panel.execute('update sidecar_keys set api_key_id = ? where identifier = ?', [
      ...[stranger.id, made.identifier],
    ]);
    expect((await life.ask({ path: keysOf(owner), key: stranger.bearer })).status).toBe(200);
    const [shown] = (
      (await life.ask({ path: `${keysOf(owner)}?filter[description]=later` })).json as {
        data: { attributes: object }[];
      }
    ).data;
    expect(shown?.attributes).not.toHaveProperty('permissions');
  });
});
