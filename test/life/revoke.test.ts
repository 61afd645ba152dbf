import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorsOf, refusalOf } from '../support/client.ts';
import { keyOf, type Life, lifeCells, type MadeKey, makeKey, startLife, works } from '../support/life.ts';
import { accountKeysOf, activities, type SeededUser } from '../support/seed.ts';
import { keysOf } from '../support/sidecar.ts';

const noBoolean = [
  ['all', 'boolean', 'The all field must be true or false.'],
  ['all', 'accepted', 'The all must be accepted.'],
];
const unauthorized = '403 AccessDeniedHttpException: This action is unauthorized.';

describe.each(lifeCells)('revoking a user’s keys, %s', (cell) => {
  let life: Life;
  let user: SeededUser;
  let keys: readonly MadeKey[];
  beforeAll(async () => {
    life = await startLife(cell);
  });
  afterAll(() => life.close());

  async function fresh(): Promise<void> {
    user = await life.seed.user();
    const made: MadeKey[] = [];
    for (const description of ['a', 'b', 'c']) {
      made.push(await makeKey(life, user, { description, reference: 'r' }));
    }
    keys = made;
  }

  const revoke = (body: unknown, by = life.key.bearer, of: { readonly id: number } = user) =>
    life.ask({ method: 'POST', path: `${keysOf(of)}/revoke`, key: by, body });

  const revoked = (...identifiers: readonly string[]) => ({
    object: 'list',
    data: identifiers.map((identifier) => ({ object: 'revoked_api_key', attributes: { identifier } })),
  });

  const left = async () =>
    (await accountKeysOf(life.panel, user)).map(({ identifier }) => String(identifier));
  const names = () => keys.map(({ identifier }) => identifier);

  it('all of them, disabled, expired and replaced ones too, with their rows, and no application key', async () => {
    await fresh();
    const [first, second] = keys as [MadeKey, MadeKey];
    await life.ask({ method: 'POST', path: `${keyOf(user, first)}/disable` });
    await life.ask({ method: 'POST', path: `${keyOf(user, second)}/rotate`, body: { grace_seconds: 600 } });
    const expired = await life.seed.key(user, { type: 1, expiresAt: '2020-01-01 00:00:00' });
    const application = await life.seed.key(user, { type: 2 });
    const all = await left();
    expect(all).toHaveLength(5);
    expect(all).toContain(expired.identifier);
    const answer = await revoke({ all: true });
    expect([answer.status, answer.json]).toEqual([200, revoked(...all)]);
    expect(await left()).toEqual([]);
    for (const key of keys) expect(await works(life, user, key)).toBe(false);
    const places = all.map(() => '?').join();
    expect(await life.panel.query(`select * from sidecar_keys where identifier in (${places})`, all)).toEqual(
      [],
    );
    const rows = await life.panel.query('select id from api_keys where id = ?', [application.id]);
    expect(rows).toHaveLength(1);
    const recorded = await activities(life.panel, "event = 'user:api-key.delete' and api_key_id = ?", [
      life.key.id,
    ]);
    expect(recorded.slice(-5)).toEqual(
      all.map((identifier) => ({
        ...{ event: 'user:api-key.delete', ip: '127.0.0.1', actor: `user ${life.admin.id}` },
        ...{ apiKeyId: life.key.id, properties: { identifier }, subjects: [`user ${user.id}`] },
      })),
    );
  });

  it('all but some', async () => {
    await fresh();
    const [a, b, c] = names() as [string, string, string];
    expect((await revoke({ all: true, except: [b] })).json).toEqual(revoked(a, c));
    expect(await left()).toEqual([b]);
    expect((await revoke({ all: true, except: [b] })).json).toEqual(revoked());
    expect((await revoke({ all: 'true', except: [] })).json).toEqual(revoked(b));
    expect((await revoke({ all: 1 })).json).toEqual(revoked());
  });

  it.each<[string, (given: readonly string[]) => unknown, readonly (readonly string[])[]]>([
    ['no body', () => undefined, [['all', 'required', 'The all field is required.']]],
    ['an empty body', () => ({}), [['all', 'required', 'The all field is required.']]],
    ['only exceptions', ([a]) => ({ except: [a] }), [['all', 'required', 'The all field is required.']]],
    ['all: false', () => ({ all: false }), [['all', 'accepted', 'The all must be accepted.']]],
    ['all: null', () => ({ all: null }), noBoolean],
    ['all: yes', () => ({ all: 'yes' }), noBoolean],
    [
      'an unknown exception',
      ([a]) => ({ all: true, except: [a, 'ptlc_AAAAAAAAAAA'] }),
      [['except.1', 'exists', 'The selected except.1 is invalid.']],
    ],
    [
      'exceptions spelled otherwise',
      ([a, b]) => ({ all: true, except: [a?.toUpperCase(), b, 'x', ''] }),
      [['except.3', 'string', 'The except.3 must be a string.']],
    ],
    [
      'an exception spelled otherwise',
      ([a, b]) => ({ all: true, except: [a?.toUpperCase(), b, 'x'] }),
      [
        ['except.0', 'exists', 'The selected except.0 is invalid.'],
        ['except.2', 'exists', 'The selected except.2 is invalid.'],
      ],
    ],
    [
      'an exception that is no list',
      ([a]) => ({ all: true, except: a }),
      [['except', 'array', 'The except must be an array.']],
    ],
    [
      'null exceptions',
      () => ({ all: true, except: null }),
      [['except', 'array', 'The except must be an array.']],
    ],
  ])('%s revokes nothing: 422', async (_, body, expected) => {
    await fresh();
    const errors = errorsOf(await revoke(body(names())));
    expect(errors.map(({ meta, detail }) => [meta?.source_field, meta?.rule, detail])).toEqual(expected);
    expect(errors.every(({ status }) => status === '422')).toBe(true);
    expect(await left()).toEqual(names());
  });

  it('an exception that is another user’s key is unknown', async () => {
    await fresh();
    const other = await makeKey(life, await life.seed.user(), { description: 'x' });
    expect(errorsOf(await revoke({ all: true, except: [other.identifier] }))).toMatchObject([
      { meta: { source_field: 'except.0' } },
    ]);
    expect(await left()).toEqual(names());
  });

  it('by form', async () => {
    await fresh();
    const [a, b, c] = names() as [string, string, string];
    const answer = await life.ask({
      ...{ method: 'POST', path: `${keysOf(user)}/revoke`, body: `all=1&except[]=${a}&except[]=${c}` },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(answer.json).toEqual(revoked(b));
  });

  it('DELETE on the list stays 405, whatever is sent, as does GET here', async () => {
    await fresh();
    for (const body of [undefined, { all: true }]) {
      for (const path of [keysOf(user), `${keysOf(user)}/`]) {
        const answer = await life.ask({ method: 'DELETE', path, body });
        expect(refusalOf(answer)).toMatch(/^405 .* Supported methods: GET, HEAD, POST\.$/);
        expect(answer.headers.allow).toBe('GET, HEAD, POST');
      }
    }
    const asked = await life.ask({ path: `${keysOf(user)}/revoke` });
    expect([asked.status, asked.headers.allow]).toEqual([405, 'POST']);
    expect(await left()).toEqual(names());
  });

  it('users revoke their own, the key that asks among them', async () => {
    await fresh();
    const [a, b, c] = keys as [MadeKey, MadeKey, MadeKey];
    expect((await revoke({ all: true, except: [b.identifier] }, b.bearer)).json).toEqual(
      revoked(a.identifier, c.identifier),
    );
    expect((await revoke({ all: true }, b.bearer)).json).toEqual(revoked(b.identifier));
    expect((await revoke({ all: true }, b.bearer)).status).toBe(401);
  });

  it('refuses who may not, and keys of admins', async () => {
    await fresh();
    const reader = await life.seed.key(life.admin, { acl: { users: 1 } });
    const stranger = await life.seed.key(await life.seed.user(), { type: 1 });
    for (const { bearer } of [reader, stranger])
      expect((await revoke({ all: true }, bearer)).status).toBe(403);
    const boss = await life.seed.user({ admin: true });
    const bosses = await life.seed.key(boss, { type: 1 });
    expect(refusalOf(await revoke({ all: true }, life.key.bearer, boss))).toBe(unauthorized);
    expect((await revoke({ all: true }, life.key.bearer, { id: 4_000_000 })).status).toBe(404);
    expect((await revoke({ all: true }, bosses.bearer, boss)).json).toEqual(revoked(bosses.identifier));
    expect(await left()).toEqual(names());
  });
});
