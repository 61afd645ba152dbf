import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { send } from '../support/client.ts';
import { activities, type SeededKey, type SeededUser } from '../support/seed.ts';
import { startService } from '../support/service.ts';
import { freeOn, keysOf, type Sidecar, startSidecar, unlimited } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  let admin: SeededUser;
  let user: SeededUser;
  let emptyNode: { id: number };
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    admin = await sidecar.seed.user({ admin: true });
    user = await sidecar.seed.user();
    emptyNode = await sidecar.seed.node(0);
  });
  afterAll(() => sidecar.close());

  /** A new key's rows: what one test did, and nothing else. */
  const rowsOf = (key: SeededKey) => activities(sidecar.panel, 'api_key_id = ?', [key.id]);

  const byAdmin = (key: SeededKey) => ({ ip: '127.0.0.1', actor: `user ${admin.id}`, apiKeyId: key.id });

  describe('a row tells of', () => {
    it('a view of keys, about nobody', async () => {
      const { seed, send: ask } = sidecar;
      const target = await seed.user();
      await seed.key(target, { type: 1 });
      await seed.key(target, { type: 1, memo: 'two' });
      await seed.key(target, { type: 2 });
      const key = await seed.key(admin);
      await ask({ path: `${keysOf(target)}?page=7`, key: key.bearer });
      expect(await rowsOf(key)).toEqual([
        {
          ...{ event: 'user:api-key.view', ...byAdmin(key) },
          ...{ properties: { user_id: target.id, count: 2 }, subjects: [] },
        },
      ]);
    });

    it('a view by HEAD too', async () => {
      const key = await sidecar.seed.key(admin);
      await sidecar.send({ method: 'HEAD', path: keysOf(user), key: key.bearer });
      expect((await rowsOf(key)).map(({ event }) => event)).toEqual(['user:api-key.view']);
    });

    it('a view of ports, with the page that was shown', async () => {
      const { seed, send: ask } = sidecar;
      const node = await seed.node(3);
      const key = await seed.key(admin);
      await ask({ path: freeOn(node), key: key.bearer });
      await ask({ path: `${freeOn(node)}?page=2&per_page=1`, key: key.bearer });
      await ask({ path: `${freeOn(node)}?page=x`, key: key.bearer });
      const view = (page: number, per_page: number) => ({
        ...{ event: 'node:allocation.view', ...byAdmin(key) },
        ...{ properties: { node_id: node.id, page, per_page }, subjects: [] },
      });
      expect(await rowsOf(key)).toEqual([view(1, 50), view(2, 1), view(1, 50)]);
    });

    it('a creation and a deletion, with the panel’s own events and subjects', async () => {
      const { seed, send: ask, panel } = sidecar;
      const target = await seed.user();
      const key = await seed.key(admin);
      const body = { description: 'x' };
      const made = await ask({ method: 'POST', path: keysOf(target), key: key.bearer, body });
      const { identifier } = (made.json as { attributes: { identifier: string } }).attributes;
      const [row] = await panel.query('select id from api_keys where identifier = ?', [identifier]);
      const path = `${keysOf(target)}/${identifier}`;
      await ask({ method: 'DELETE', path, key: key.bearer });
      expect(await rowsOf(key)).toEqual([
        {
          ...{ event: 'user:api-key.create', ...byAdmin(key), properties: { identifier } },
          subjects: [`user ${target.id}`, `api_key ${row?.id}`],
        },
        {
          ...{ event: 'user:api-key.delete', ...byAdmin(key), properties: { identifier } },
          subjects: [`user ${target.id}`],
        },
      ]);
    });

    it('what users do with their own keys, with themselves as actor', async () => {
      const { seed, send: ask } = sidecar;
      const own = await seed.key(user, { type: 1, memo: `own ${Date.now()}` });
      await ask({ path: keysOf(user), key: own.bearer, from: '127.0.0.8' });
      expect(await rowsOf(own)).toMatchObject([
        { event: 'user:api-key.view', actor: `user ${user.id}`, ip: '127.0.0.8', subjects: [] },
      ]);
    });

    const keys = '/api/application/users/{user}/api-keys';
    it.each([
      ['no ACL', 'admin', 0, 'GET', keys, 'acl'],
      ['no ACL to write', 'admin', 1, 'POST', keys, 'acl'],
      ['no ACL to delete', 'admin', 1, 'DELETE', `${keys}/{identifier}`, 'acl'],
      ['no ACL for ports', 'admin', 0, 'GET', '/api/application/nodes/{node}/allocations/free', 'acl'],
      ['an admin as target', 'admin', 3, 'HEAD', keys, 'admin-target'],
      ['an owner who is no admin', 'user', 3, 'GET', keys, 'not-admin'],
    ] as const)('a refusal because of %s', async (_, caller, acl, method, route, reason) => {
      const owner = caller === 'admin' ? admin : user;
      const target = reason === 'acl' ? user : admin;
      const key = await sidecar.seed.key(owner, { acl });
      const path = route
        .replace('{user}', String(target.id))
        .replace('{node}', String(emptyNode.id))
        .replace('{identifier}', 'ptlc_0123456789A');
      expect((await sidecar.send({ method, path, key: key.bearer })).status).toBe(403);
      expect(await rowsOf(key)).toEqual([
        {
          ...{ event: 'api:refused', ip: '127.0.0.1', actor: `user ${owner.id}`, apiKeyId: key.id },
          ...{ properties: { method, route, status: 403, reason }, subjects: [] },
        },
      ]);
    });

    it('the time in UTC, and leaves every column alone that the panel leaves alone', async () => {
      const { panel, seed, send: ask } = sidecar;
      const key = await seed.key(admin);
      const target = await seed.user();
      const since = Math.floor(Date.now() / 1000) * 1000;
      await ask({ path: keysOf(target), key: key.bearer });
      const [row] = await panel.query('select * from activity_logs where api_key_id = ?', [key.id]);
      const { id: _, timestamp, properties, ...others } = row ?? {};
      const time = Date.parse(`${timestamp}Z`);
      expect(time).toBeGreaterThanOrEqual(since);
      expect(time).toBeLessThanOrEqual(Date.now());
      const text = `{"user_id":${target.id},"count":0}`;
      // MySQL keeps no text of JSON, but its values in an order of its own.
      if (panel.cell.on === 'mysql') expect(JSON.parse(String(properties))).toEqual(JSON.parse(text));
      else expect(properties).toBe(text);
      expect(others).toEqual({
        ...{ event: 'user:api-key.view', ip: '127.0.0.1', actor_type: 'user', actor_id: admin.id },
        ...{ api_key_id: key.id, ...panel.traits.idleActivityColumns },
      });
    });
  });

  describe('no row tells of', () => {
    it.each<[string, number, Record<string, unknown>]>([
      ['a wrong key', 401, { path: '', wrong: true }],
      ['an unknown user', 404, { path: keysOf({ id: 4_000_000 }) }],
      ['a bad body', 422, { method: 'POST', body: {} }],
      [
        'a malformed body',
        400,
        { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' },
      ],
      ['a wrong verb', 405, { method: 'PUT' }],
      ['an unknown identifier', 404, { method: 'DELETE', suffix: '/ptlc_0123456789A' }],
    ])('%s', async (_, status, { wrong, suffix = '', path, ...request }) => {
      const key = await sidecar.seed.key(admin);
      const bearer = wrong ? `${key.bearer}x` : key.bearer;
      const to = path || `${keysOf(user)}${suffix}`;
      const answer = await sidecar.send({ path: String(to), key: bearer, ...request });
      expect(answer.status).toBe(status);
      expect(await rowsOf(key)).toEqual([]);
    });
  });

  describe('auth:ip-blocked', () => {
    const statusFrom = async (key: SeededKey, from: string) =>
      (await sidecar.send({ path: keysOf(user), key: key.bearer, from })).status;

    it('is recorded as the panel records it, once per key and address a minute', async () => {
      const first = await sidecar.seed.key(admin, { allowedIps: '["10.9.9.9"]' });
      const second = await sidecar.seed.key(admin, { allowedIps: '["10.9.9.9"]' });
      for (const from of ['127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.1', '127.0.0.2']) {
        expect(await statusFrom(first, from)).toBe(403);
        expect(await statusFrom(second, from)).toBe(403);
      }
      for (const key of [first, second]) {
        const blocked = (ip: string) => ({
          ...{ event: 'auth:ip-blocked', ip, actor: `user ${admin.id}`, apiKeyId: key.id },
          properties: { identifier: key.identifier },
          subjects: [`user ${admin.id}`, `api_key ${key.id}`],
        });
        expect(await rowsOf(key)).toEqual([blocked('127.0.0.1'), blocked('127.0.0.2')]);
      }
    });

    it('is recorded once of many at the same time', async () => {
      const key = await sidecar.seed.key(admin, { allowedIps: '["10.9.9.9"]' });
      await Promise.all(Array.from({ length: 20 }, () => statusFrom(key, '127.0.0.3')));
      expect(await rowsOf(key)).toHaveLength(1);
    });
  });

  describe('switched off', () => {
    it.each([
      ['CLIENT_API_AUDIT_VIEWS', ['api:refused', 'user:api-key.create', 'auth:ip-blocked']],
      [
        'CLIENT_API_AUDIT_REFUSALS',
        ['user:api-key.view', 'node:allocation.view', 'user:api-key.create', 'auth:ip-blocked'],
      ],
    ])('%s leaves the other rows', async (variable, expected) => {
      const { panel, seed } = sidecar;
      const service = await startService(panel.folder, { env: { ...unlimited, [variable]: 'false' } });
      try {
        const node = await seed.node(1);
        const from = await panel.query('select coalesce(max(id), 0) as id from activity_logs');
        const full = await seed.key(admin);
        const none = await seed.key(admin, { acl: 0 });
        const locked = await seed.key(admin, { allowedIps: '["10.9.9.9"]' });
        const target = await seed.user();
        await send(service.url, { path: keysOf(target), key: full.bearer });
        await send(service.url, { path: freeOn(node), key: full.bearer });
        await send(service.url, { path: keysOf(target), key: none.bearer });
        const body = { description: 'x' };
        await send(service.url, { method: 'POST', path: keysOf(target), key: full.bearer, body });
        await send(service.url, { path: keysOf(target), key: locked.bearer });
        const rows = await activities(panel, 'id > ?', [Number(from[0]?.id)]);
        expect(rows.map(({ event }) => event)).toEqual(expected);
      } finally {
        await service.stop();
      }
    });
  });
});
