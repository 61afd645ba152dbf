import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { refusalOf } from '../support/client.ts';
import { panelTraits } from '../support/panel-traits.ts';
import { accountKeysOf, activities, type SeededKey, type SeededUser } from '../support/seed.ts';
import { keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  let key: SeededKey;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    key = await sidecar.seed.key(await sidecar.seed.user({ admin: true }));
  });
  afterAll(() => sidecar.close());

  const notFound = '404 NotFoundHttpException: The requested resource could not be found on the server.';

  describe('the list', () => {
    it('holds account keys only, oldest first, expired ones too, each with five attributes and its end where it has one', async () => {
      const { seed, send } = sidecar;
      const user = await seed.user();
      const first = await seed.key(user, { type: 1, memo: 'first', allowedIps: '["10.0.0.0\\/8"]' });
      await seed.key(user, { type: 2, memo: 'hidden' });
      const ended = { memo: 'second', allowedIps: '[]', expiresAt: '2020-01-01 00:00:00' };
      const second = await seed.key(user, { type: 1, ...ended });
      await seed.key(await seed.user(), { type: 1, memo: 'of somebody else' });
      const shown = (identifier: string, description: string, allowed_ips: unknown, more = {}) => ({
        object: 'api_key',
        attributes: {
          ...{ identifier, description, allowed_ips, last_used_at: null },
          created_at: '2026-01-02T03:04:05+00:00',
          ...more,
        },
      });
      const end = { expires_at: '2020-01-01T00:00:00+00:00' };
      const answer = await send({ path: keysOf(user), key: key.bearer });
      expect(answer.text).toBe(
        JSON.stringify({
          object: 'list',
          data: [
            shown(first.identifier, 'first', ['10.0.0.0/8']),
            shown(second.identifier, 'second', [], end),
          ],
        }),
      );
    });

    const open = panelTraits[cell.panel].openLists.map((stored): [string | null, unknown] => {
      const shown = stored === '[]' ? [] : stored === '{}' ? {} : null;
      return [stored, shown];
    });
    const lists: [string | null, unknown][] = [
      ...open,
      ['["10.0.0.0/8"]', ['10.0.0.0/8']],
      ['{"a":"::1"}', { a: '::1' }],
    ];
    it.each(lists)('shows a stored allow-list %j as %j', async (allowedIps, shown) => {
      const user = await sidecar.seed.user();
      await sidecar.seed.key(user, { type: 1, allowedIps });
      const answer = await sidecar.send({ path: keysOf(user), key: key.bearer });
      expect(answer.json).toMatchObject({ data: [{ attributes: { allowed_ips: shown } }] });
    });

    it('shows a key without times and description, which breaks the panel’s own list', async () => {
      const { panel, seed, send } = sidecar;
      const user = await seed.user();
      const bare = await seed.key(user, { type: 1, memo: null });
      await panel.execute('update api_keys set created_at = null, updated_at = null where id = ?', [bare.id]);
      const answer = await send({ path: keysOf(user), key: key.bearer });
      expect(answer.json).toMatchObject({ data: [{ attributes: { created_at: null, description: null } }] });
    });

    it('is not mixed up among users who are asked for at once', async () => {
      const { seed, send } = sidecar;
      const users: { user: SeededUser; own: SeededKey }[] = [];
      for (let count = 0; count < 40; count += 1) {
        const user = await seed.user();
        users.push({ user, own: await seed.key(user, { type: 1, memo: `of ${user.id}` }) });
      }
      await Promise.all(
        users.flatMap(({ user, own }) =>
          [key.bearer, own.bearer, key.bearer].map(async (bearer) => {
            const { json } = await send({ path: keysOf(user), key: bearer });
            expect(json).toMatchObject({ data: [{ attributes: { description: `of ${user.id}` } }] });
          }),
        ),
      );
    });
  });

  describe('a deletion', () => {
    it('removes the key and answers with nothing', async () => {
      const { panel, seed, send } = sidecar;
      const user = await seed.user();
      const doomed = await seed.key(user, { type: 1 });
      const kept = await seed.key(user, { type: 1, memo: 'kept' });
      const path = `${keysOf(user)}/${doomed.identifier}`;
      const answer = await send({ method: 'DELETE', path, key: key.bearer });
      expect(answer.status).toBe(204);
      expect(answer.text).toBe('');
      expect(answer.headers['content-type']).toBeUndefined();
      expect((await accountKeysOf(panel, user)).map(({ id }) => id)).toEqual([kept.id]);
      expect(refusalOf(await send({ method: 'DELETE', path, key: key.bearer }))).toBe(notFound);
    });

    it.each<[string, (user: SeededUser) => Promise<string>]>([
      ['an identifier that nobody has', async () => 'ptlc_0123456789A'],
      ["somebody else's", async () => (await anyKey(1)).identifier],
      ["the user's in another case", async (user) => (await anyKey(1, user)).identifier.toUpperCase()],
      ["the user's application key", async (user) => (await anyKey(2, user)).identifier],
      ['the key that is used', async () => key.identifier],
    ])('of %s is 404 and leaves no trace', async (_, identifier) => {
      const { panel, seed, send } = sidecar;
      const user = await seed.user();
      const path = `${keysOf(user)}/${await identifier(user)}`;
      const keysBefore = await panel.query('select count(*) as count from api_keys');
      const rowsBefore = (await activities(panel, 'true')).length;
      expect(refusalOf(await send({ method: 'DELETE', path, key: key.bearer }))).toBe(notFound);
      expect(await panel.query('select count(*) as count from api_keys')).toEqual(keysBefore);
      expect((await activities(panel, 'true')).length).toBe(rowsBefore);
    });

    async function anyKey(type: number, user?: SeededUser) {
      return sidecar.seed.key(user ?? (await sidecar.seed.user()), { type });
    }

    it.each([
      'ptlc_012345678',
      'ptlc_0123456789AB',
      'ptlc_012345678-9',
      'ptlc_01234567%00',
      'ptlc_01234567%2F9',
    ])('of %s, which is no identifier, is an unknown route', async (identifier) => {
      const answer = await sidecar.send({ method: 'DELETE', path: `${keysOf({ id: 1 })}/${identifier}` });
      expect(answer.status).toBe(404);
      expect(refusalOf(answer)).toContain('The route api/application/users/1/api-keys/');
    });
  });
});
