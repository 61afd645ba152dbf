import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failure, run } from '../support/cli.ts';
import { refusalOf } from '../support/client.ts';
import { keyOf, type Life, lifeCells, madeKey, startPlainLife } from '../support/life.ts';
import { accountKeysOf, activities, type SeededKey, type SeededUser } from '../support/seed.ts';
import { keysOf, unlimited } from '../support/sidecar.ts';

const required =
  '501 MigrationRequired: This needs tables that are not there yet: run "panel-sidecar migrate --panel PATH".';

describe.each(lifeCells)('without the own tables, %s', (cell) => {
  let life: Life;
  let user: SeededUser;
  let own: SeededKey;
  beforeAll(async () => {
    life = await startPlainLife(cell);
    user = await life.seed.user();
    own = await life.seed.key(user, { type: 1 });
  });
  afterAll(() => life.close());

  const newEndpoints: readonly (readonly [string, () => string, unknown])[] = [
    ['GET', () => keyOf(user, own), undefined],
    ['PATCH', () => keyOf(user, own), { description: 'x' }],
    ['POST', () => `${keyOf(user, own)}/rotate`, {}],
    ['POST', () => `${keyOf(user, own)}/disable`, undefined],
    ['POST', () => `${keyOf(user, own)}/enable`, undefined],
    ['POST', () => `${keysOf(user)}/revoke`, { all: true }],
    ['GET', () => '/api/application/api-keys', undefined],
    ['POST', () => '/api/application/api-keys/revoke', { keys: ['x'.repeat(48)] }],
  ];

  it.each(newEndpoints.map(([method, path, body], index) => ({ index, method, path, body })))(
    'endpoint $index, $method, is 501 and names the command',
    async ({ method, path, body }) => {
      const sent = { method, path: path(), ...(body === undefined ? {} : { body }) };
      expect(refusalOf(await life.ask(sent))).toBe(required);
      // What the caller sent otherwise does not matter.
      expect(refusalOf(await life.ask({ ...sent, body: { nonsense: [1] } }))).toBe(required);
    },
  );

  it('says so only to who may know', async () => {
    const reader = await life.seed.key(life.admin, { acl: { users: 1 } });
    const stranger = await life.seed.key(await life.seed.user(), { type: 1 });
    for (const [method, path, body] of newEndpoints) {
      const sent = { method, path: path(), ...(body === undefined ? {} : { body }) };
      expect((await life.ask({ ...sent, key: 'ptla_nobody00000'.padEnd(48, 'x') })).status).toBe(401);
      expect((await life.ask({ ...sent, key: stranger.bearer })).status).toBe(403);
      if (method !== 'GET') expect((await life.ask({ ...sent, key: reader.bearer })).status).toBe(403);
      if (!path().includes('/users/')) continue;
      const unknownUser = path().replace(/users\/\d+/, 'users/4000000');
      expect((await life.ask({ ...sent, path: unknownUser })).status).toBe(404);
      const admins = path().replace(/users\/\d+/, `users/${life.admin.id}`);
      expect((await life.ask({ ...sent, path: admins })).status).toBe(403);
    }
  });

  it.each([
    ['permissions', { permissions: ['user.read'] }, {}],
    ['permissions that are none', { permissions: [] }, {}],
    ['servers', { servers: ['0a1b2c3d'] }, {}],
    ['a reference', { reference: 'order 7' }, {}],
    ['an Idempotency-Key', {}, { 'idempotency-key': 'a' }],
  ])('a creation with %s is 501, and makes nothing', async (_, more, headers) => {
    const target = await life.seed.user();
    const body = { description: 'x', ...more };
    const sent = { method: 'POST', path: keysOf(target), body, headers };
    expect(refusalOf(await life.ask(sent))).toBe(required);
    expect(await accountKeysOf(life.panel, target)).toEqual([]);
  });

  it.each([
    ['null permissions', { permissions: null }],
    ['null servers', { servers: null }],
    ['an empty reference', { reference: '' }],
  ])('a creation with %s needs none', async (_, more) => {
    const target = await life.seed.user();
    const { attributes } = madeKey(
      await life.ask({ method: 'POST', path: keysOf(target), body: { description: 'x', ...more } }),
    );
    expect(Object.keys(attributes)).toEqual([
      ...['identifier', 'description', 'allowed_ips', 'last_used_at', 'created_at'],
    ]);
  });

  it('ends of keys need none: they are what the panel knows', async () => {
    const target = await life.seed.user();
    const body = { description: 'at', expires_at: '2031-02-03T04:05:06.789+02:00' };
    const made = madeKey(await life.ask({ method: 'POST', path: keysOf(target), body }));
    expect(made.attributes.expires_at).toBe('2031-02-03T02:05:06+00:00');
    const [row] = await accountKeysOf(life.panel, target);
    expect(row?.expires_at).toBe('2031-02-03 02:05:06');

    const soon = madeKey(
      await life.ask({ method: 'POST', path: keysOf(target), body: { description: 'in', expires_in: 3600 } }),
    );
    const left = Date.parse(String(soon.attributes.expires_at)) - Date.now();
    expect(left).toBeGreaterThan(3_590_000);
    expect(left).toBeLessThanOrEqual(3_600_000);
  });

  it('the four endpoints work, with what is asked for besides shown as far as the panel knows it', async () => {
    const target = await life.seed.user();
    const key = await life.seed.key(target, { type: 1, expiresAt: '2031-01-01 00:00:00' });
    const all = 'user_id,expires_at,disabled,permissions,servers,reference,rotated_from';
    const answer = await life.ask({ path: `${keysOf(target)}?fields=${all}&filter[expired]=false` });
    expect(answer.json).toMatchObject({
      data: [
        {
          attributes: {
            ...{ identifier: key.identifier, user_id: target.id, expires_at: '2031-01-01T00:00:00+00:00' },
            ...{ disabled: false, permissions: null, servers: null, reference: null, rotated_from: null },
          },
        },
      ],
    });
    expect((await life.ask({ method: 'DELETE', path: keyOf(target, key) })).status).toBe(204);
    expect(await accountKeysOf(life.panel, target)).toEqual([]);
  });

  it('records nothing of what it did not do', async () => {
    expect(await activities(life.panel, "event like 'user:api-key.%' and event like '%pdate'")).toEqual([]);
    expect(await accountKeysOf(life.panel, user)).toMatchObject([{ identifier: own.identifier }]);
  });

  it('does not start to enforce scopes', async () => {
    const args = ['serve', '--panel', life.panel.folder, '--listen', '127.0.0.1:0'];
    const env = { ...unlimited, SIDECAR_SCOPES_ENFORCE: 'true' };
    expect(await run(args, { env })).toEqual(
      failure('scopes.enforce needs the own tables: run panel-sidecar migrate --panel PATH'),
    );
  });

  it('keys are rotated from the shell only with them', async () => {
    const args = ['keys', 'rotate', String(user.id), own.identifier, '--panel', life.panel.folder];
    expect(await run(args)).toEqual(
      failure('this needs the own tables: run panel-sidecar migrate --panel PATH'),
    );
  });
});
