import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cells } from '../support/cells.ts';
import { send } from '../support/client.ts';
import { keysOf } from '../support/sidecar.ts';
import { type ScopedKey, type ScopedPanel, startScopedPanel } from './scoped-panel.ts';
import { webServerNames } from './web-servers.ts';

const server = '/api/client/servers/1a2b3c4d';

describe.each(cells)('%s', (cell) => {
  let scoped: ScopedPanel;

  beforeAll(async () => {
    scoped = await startScopedPanel(cell);
  });

  afterAll(() => scoped?.close());

  beforeEach(() => {
    scoped.standIn.take();
  });

  describe.each(webServerNames)('behind %s', (name) => {
    async function statusOf(key: Pick<ScopedKey, 'bearer'>, path: string, method = 'GET'): Promise<number> {
      const { status } = await send(scoped.fronts[name].url, { method, path, key: key.bearer });
      // Whatever is refused did not get to the panel, and whatever is not did.
      expect(scoped.standIn.take()).toHaveLength(status === 200 ? 1 : 0);
      return status;
    }

    test('a key without scopes passes everywhere', async () => {
      const key = await scoped.makeKey();
      for (const path of [
        '/api/client',
        '/api/client/account/api-keys',
        '/api/client/nothing',
        '/x/../y%25',
      ]) {
        expect([path, await statusOf(key, path, 'DELETE')]).toEqual([path, 200]);
      }
    });

    test("the panel's own keys and application keys pass everywhere", async () => {
      const own = await scoped.seed.key(scoped.owner, { type: 1 });
      expect(await statusOf(own, '/api/client/account/api-keys', 'POST')).toBe(200);
      expect(await statusOf(scoped.adminKey, '/api/application/servers')).toBe(200);
    });

    test('a narrowed key is narrower at the next request, and a widened one wider', async () => {
      const key = await scoped.makeKey({ permissions: ['file.read', 'backup.read'] });
      expect(await statusOf(key, `${server}/files/list`)).toBe(200);
      expect(await scoped.change(key, 'PATCH', '', { permissions: ['backup.read'] })).toBe(200);
      expect(await statusOf(key, `${server}/files/list`)).toBe(403);
      expect(await statusOf(key, `${server}/backups`)).toBe(200);
      expect(await scoped.change(key, 'PATCH', '', { servers: ['99999999'] })).toBe(200);
      expect(await statusOf(key, `${server}/backups`)).toBe(403);
      expect(await scoped.change(key, 'PATCH', '', { permissions: null, servers: null })).toBe(200);
      expect(await statusOf(key, '/api/client/account/api-keys')).toBe(200);
    });

    test('a disabled key is refused at the next request, and passes once enabled', async () => {
      const key = await scoped.makeKey({ permissions: ['user.read'] });
      expect(await scoped.change(key, 'POST', '/disable')).toBe(200);
      expect(await statusOf(key, '/api/client/account')).toBe(401);
      expect(await scoped.change(key, 'POST', '/enable')).toBe(200);
      expect(await statusOf(key, '/api/client/account')).toBe(200);
      expect(await statusOf(key, '/api/client/account/api-keys')).toBe(403);
    });

    test('a revoked key is refused at the next request, with or without scopes', async () => {
      for (const key of [await scoped.makeKey({ permissions: ['user.read'] }), await scoped.makeKey()]) {
        expect(await statusOf(key, '/api/client/account')).toBe(200);
        expect(await scoped.change(key, 'DELETE')).toBe(204);
        expect(await statusOf(key, '/api/client/account')).toBe(401);
      }
    });

    test('a key that the panel deletes is refused at the next request', async () => {
      const key = await scoped.makeKey({ permissions: ['user.read'] });
      await scoped.panel.execute('delete from api_keys where identifier = ?', [key.identifier]);
      expect(await statusOf(key, '/api/client/account')).toBe(401);
    });

    test('a rotated key hands its scopes on, and ends', async () => {
      const key = await scoped.makeKey({ permissions: ['user.read'] });
      const path = `${keysOf(scoped.owner)}/${key.identifier}/rotate`;
      const { json } = await send(scoped.fronts.nginx.service.url, {
        ...{ method: 'POST', path, key: scoped.adminKey.bearer },
      });
      const { attributes, meta } = json as {
        attributes: { identifier: string };
        meta: { secret_token: string };
      };
      const next = { bearer: attributes.identifier + meta.secret_token };
      expect(await statusOf(key, '/api/client/account')).toBe(401);
      expect(await statusOf(next, '/api/client/account')).toBe(200);
      expect(await statusOf(next, '/api/client/account/api-keys')).toBe(403);
    });

    test('a key ends on time', async () => {
      const key = await scoped.makeKey({ permissions: ['user.read'] });
      await scoped.panel.execute('update sidecar_keys set expires_at = ? where identifier = ?', [
        Date.now() - 1,
        key.identifier,
      ]);
      expect(await statusOf(key, '/api/client/account')).toBe(401);
    });

    test('a key confined to servers reaches those, and cannot list the others', async () => {
      const permissions = ['server.read', 'user.read'];
      const key = await scoped.makeKey({ permissions, servers: ['1A2B3C4D'] });
      const uuid = '1a2b3c4d-58b5-4a7f-9a6a-0e1d2b3c4d5e';
      const reached = [server, server.toUpperCase().replace('/API/CLIENT/SERVERS', '/api/client/servers')];
      reached.push(`/api/client/servers/${uuid}`, `/api/client/servers/${uuid.toUpperCase()}/resources`);
      for (const path of [...reached, '/api/client/account']) {
        expect([path, await statusOf(key, path)]).toEqual([path, 200]);
      }
      const others = ['/99999999', '/1a2b3c4', '/1a2b3c4d0', '/1a2b3c4e-58b5-4a7f-9a6a-0e1d2b3c4d5e'];
      others.push('/1a2b3c4d-58b5', '/99999999/../1a2b3c4d', '/1a2b3c4d%20');
      for (const other of others)
        expect([other, await statusOf(key, `/api/client/servers${other}`)]).toEqual([other, 403]);
      for (const list of [
        '/api/client',
        '/api/client/',
        '/index.php/api/client?type=admin',
        '/%61pi/client',
      ]) {
        expect([list, await statusOf(key, list)]).toEqual([list, 403]);
      }
      expect(await statusOf(await scoped.makeKey({ permissions }), '/api/client')).toBe(200);
    });

    test("a scoped key of an admin's gets nowhere on the Application API", async () => {
      const admin = await scoped.seed.user({ admin: true });
      const key = await scoped.seed.key(admin, { type: 1 });
      await scoped.panel.execute(
        'insert into sidecar_keys (api_key_id, identifier, permissions) values (?, ?, ?)',
        [key.id, key.identifier, '["server.write","user.read"]'],
      );
      expect(await statusOf(key, '/api/client/account')).toBe(200);
      for (const path of [
        '/api/application/users',
        '/index.php/api/application/users',
        keysOf(scoped.owner),
      ]) {
        expect([path, await statusOf(key, path)]).toEqual([path, 403]);
      }
    });

    test('a route that is in no list is refused to a key with scopes, whatever they are', async () => {
      const permissions = ['user.read', 'server.read', 'server.write'];
      const [confined, free] = [await scoped.makeKey({ permissions }), await scoped.makeKey()];
      for (const path of [
        '/api/client/account/panel-of-its-own',
        `${server}/of-its-own`,
        `${server}/files`,
      ]) {
        expect([path, await statusOf(confined, path), await statusOf(free, path)]).toEqual([path, 403, 200]);
      }
    });

    test('a key whose scopes cannot be read may do nothing', async () => {
      const key = await scoped.makeKey({ permissions: ['user.read'] });
      await scoped.panel.execute("update sidecar_keys set permissions = '{' where identifier = ?", [
        key.identifier,
      ]);
      expect(await statusOf(key, '/api/client/account')).toBe(403);
    });

    test.each([
      ['refuses a key that is none', 'ptlc_AAAAAAAAAAA'.padEnd(48, 'A'), 401],
      ['refuses what is too short to be one', 'ptlc_', 401],
    ])('%s', async (_what, bearer, status) => {
      expect(await statusOf({ bearer }, '/api/client/account')).toBe(status);
    });

    test("refusals are in the panel's envelope", async () => {
      const key = await scoped.makeKey({ permissions: ['user.read'] });
      const path = '/api/client/account/api-keys';
      const refused = await send(scoped.fronts[name].url, { path, key: key.bearer });
      expect([refused.headers['content-type'], refused.json]).toEqual([
        'application/json',
        {
          errors: [
            {
              code: 'AccessDeniedHttpException',
              status: '403',
              detail: 'This API key does not have permission to do this.',
            },
          ],
        },
      ]);
      const unknown = await send(scoped.fronts[name].url, { path, key: 'x'.repeat(48) });
      expect([unknown.headers['content-type'], unknown.json]).toEqual([
        'application/json',
        { errors: [{ code: 'AuthenticationException', status: '401', detail: 'Unauthenticated.' }] },
      ]);
    });
  });
});
