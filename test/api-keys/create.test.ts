import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminSession, waitsForUser } from '../support/admin-session.ts';
import { cells } from '../support/cells.ts';
import { errorsOf, refusalOf } from '../support/client.ts';
import { panelTraits } from '../support/panel-traits.ts';
import { accountKeysOf, opened, type SeededKey } from '../support/seed.ts';
import { keysOf, type Sidecar, startSidecar, until } from '../support/sidecar.ts';

describe.each(cells)('%s', (cell) => {
  const traits = panelTraits[cell.panel];
  let sidecar: Sidecar;
  let key: SeededKey;
  beforeAll(async () => {
    sidecar = await startSidecar(cell);
    key = await sidecar.seed.key(await sidecar.seed.user({ admin: true }));
  });
  afterAll(() => sidecar.close());

  interface Created {
    readonly attributes: {
      readonly identifier: string;
      readonly description: string;
      readonly allowed_ips: unknown;
      readonly created_at: string;
    };
    readonly meta: { readonly secret_token: string };
  }

  async function create(body: unknown) {
    const owner = await sidecar.seed.user();
    const answer = await sidecar.send({ method: 'POST', path: keysOf(owner), key: key.bearer, body });
    return { owner, answer, made: answer.json as Created };
  }

  describe('a new key', () => {
    it('is stored exactly as the panel stores one', async () => {
      const allowed = ['10.0.0.0/8', '1.2.3.4-1.2.3.9', '1.2.3.*', '2001:db8::/32', '192.0.2.7'];
      const { owner, answer, made } = await create({ description: '  Café ☕ "key" ', allowed_ips: allowed });
      expect(answer.status).toBe(200);
      const [row, ...others] = await accountKeysOf(sidecar.panel, owner);
      expect(others).toEqual([]);
      const { id, token, created_at, ...rest } = row ?? {};
      expect(id).toBeGreaterThan(0);
      expect(rest).toEqual({
        ...{ user_id: owner.id, key_type: 1, identifier: made.attributes.identifier },
        allowed_ips: '["10.0.0.0\\/8","1.2.3.4-1.2.3.9","1.2.3.*","2001:db8::\\/32","192.0.2.7"]',
        ...{ memo: 'Café ☕ "key"', last_used_at: null, expires_at: null, updated_at: created_at },
        ...traits.newKeyColumns(sidecar.panel.dialect),
      });
      expect(opened(String(token))).toBe(traits.plaintext(made.meta.secret_token));
      expect(String(token)).toHaveLength(256);
    });

    it('is answered as the panel’s own endpoint answers, key for key', async () => {
      const before = Math.floor(Date.now() / 1000);
      const { answer, made } = await create({ description: 'shown', allowed_ips: ['192.0.2.7'] });
      const after = Math.floor(Date.now() / 1000);
      const { identifier, created_at } = made.attributes;
      expect(identifier).toMatch(new RegExp(`^${traits.prefixes.account}[A-Za-z0-9]{11}$`));
      expect(made.meta.secret_token).toMatch(/^[A-Za-z0-9]{32}$/);
      expect(created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
      expect(Date.parse(created_at) / 1000).toBeGreaterThanOrEqual(before);
      expect(Date.parse(created_at) / 1000).toBeLessThanOrEqual(after);
      expect(JSON.stringify(made)).toBe(
        JSON.stringify({
          object: 'api_key',
          attributes: {
            ...{ identifier, description: 'shown', allowed_ips: ['192.0.2.7'] },
            ...{ last_used_at: null, created_at },
          },
          meta: { secret_token: made.meta.secret_token },
        }),
      );
      expect(answer.headers['content-type']).toBe('application/json');
      expect(answer.headers['cache-control']).toBe('no-cache, private');
    });

    it('works at once for its owner, and never again once it is deleted', async () => {
      const { owner, made } = await create({ description: 'self' });
      const bearer = made.attributes.identifier + made.meta.secret_token;
      const own = () => sidecar.send({ path: keysOf(owner), key: bearer });
      expect((await own()).status).toBe(200);
      const path = `${keysOf(owner)}/${made.attributes.identifier}`;
      expect((await sidecar.send({ method: 'DELETE', path, key: bearer })).status).toBe(204);
      expect((await own()).status).toBe(401);
    });

    it('is held to the allow-list it was made with', async () => {
      const { owner, made } = await create({ description: 'far', allowed_ips: ['127.0.0.2/31'] });
      const bearer = made.attributes.identifier + made.meta.secret_token;
      expect((await sidecar.send({ path: keysOf(owner), key: bearer, from: '127.0.0.3' })).status).toBe(200);
      expect((await sidecar.send({ path: keysOf(owner), key: bearer, from: '127.0.0.4' })).status).toBe(403);
    });

    it.each([
      ['absent', {}, '[]', []],
      ['an empty list', { allowed_ips: [] }, '[]', []],
      ['an empty map', { allowed_ips: {} }, '[]', []],
      ['with spaces', { allowed_ips: [' 192.0.2.7 '] }, '["192.0.2.7"]', ['192.0.2.7']],
      ['with a NUL behind', { allowed_ips: ['192.0.2.7\u0000'] }, '["192.0.2.7"]', ['192.0.2.7']],
      ['a map from 0', { allowed_ips: { 0: '192.0.2.7' } }, '["192.0.2.7"]', ['192.0.2.7']],
      ['a map', { allowed_ips: { a: '::1' } }, '{"a":"::1"}', { a: '::1' }],
      ['twice the same', { allowed_ips: ['::1', '::1'] }, '["::1","::1"]', ['::1', '::1']],
    ])('takes allowed_ips that are %s', async (_, input, stored, shown) => {
      const { owner, made } = await create({ description: 'ips', ...input });
      expect(made.attributes.allowed_ips).toEqual(shown);
      const [row] = await accountKeysOf(sidecar.panel, owner);
      expect(row?.allowed_ips).toBe(stored);
    });

    it('takes allowed_ips of null as its panel does', async () => {
      const { owner, answer } = await create({ description: 'ips', allowed_ips: null });
      const stored = (await accountKeysOf(sidecar.panel, owner)).map(({ allowed_ips }) => allowed_ips);
      const rules = answer.status === 200 ? [] : errorsOf(answer).map(({ meta }) => meta);
      expect({ stored, rules }).toEqual(traits.nullAllowedIps);
    });

    it.each([
      ['500 letters', 'x'.repeat(500)],
      ['500 characters of two UTF-16 units each', '😀'.repeat(500)],
      ['one character', 'x'],
      ['quotes and slashes', `a'b"c\\d/e`],
      ['a line break inside', 'a\nb'],
      ['right-to-left text', 'مفتاح'],
      ['SQL', "'); drop table api_keys; --"],
      ['markup', '<script>alert(1)</script>'],
      ['a format', '%s %d {x}'],
    ])('keeps a description of %s', async (_, description) => {
      const { owner, made } = await create({ description });
      expect(made.attributes.description).toBe(description);
      const [row] = await accountKeysOf(sidecar.panel, owner);
      expect(row?.memo).toBe(description);
    });
  });

  it('the longest map that is let in fits its column', async () => {
    const range = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
    const names = Array.from({ length: 50 }, (_, index) => '😀'.repeat(62) + String(index).padStart(2, '0'));
    const allowed = Object.fromEntries(names.map((name) => [name, range]));
    const { owner, answer } = await create({ description: 'x', allowed_ips: allowed });
    expect(answer.status).toBe(200);
    const [row] = await accountKeysOf(sidecar.panel, owner);
    expect(JSON.parse(String(row?.allowed_ips))).toEqual(allowed);
  });

  it('fields beside the two are ignored', async () => {
    const other = await sidecar.seed.user();
    const { owner, answer } = await create({
      ...{ description: 'mass', user_id: other.id, key_type: 2, identifier: 'ptla_chosenByMe0', token: 'x' },
      ...{ r_users: 3, scopes: { user: 3 }, memo: 'no', id: 1 },
      ...{ disabled: true, rotated_from: 'ptlc_Seeded00004', last_used_at: '2020-01-01' },
    });
    expect(answer.status).toBe(200);
    const [row] = await accountKeysOf(sidecar.panel, owner);
    expect(row).toMatchObject({
      ...{ memo: 'mass', key_type: 1, expires_at: null },
      ...traits.newKeyColumns(sidecar.panel.dialect),
    });
    expect(row?.identifier).not.toBe('ptla_chosenByMe0');
  });

  it('a user deleted while the request waits is 404, and nothing is made', async () => {
    const { panel, seed, service, send } = sidecar;
    const user = await seed.user();
    const session = await adminSession(panel);
    try {
      await session.holdUser(user);
      await session.query(`delete from users where id = ${user.id}`);
      const pending = send({
        ...{ method: 'POST', path: keysOf(user), key: key.bearer, body: { description: 'late' } },
      });
      await until(() => waitsForUser(panel, service.url));
      await session.query('commit');
      expect(refusalOf(await pending)).toBe(
        '404 NotFoundHttpException: The requested resource could not be found on the server.',
      );
    } finally {
      await session.end();
    }
    const subject = "subject_type = 'user' and subject_id = ?";
    expect(await panel.query(`select id from activity_log_subjects where ${subject}`, [user.id])).toEqual([]);
  });
});
