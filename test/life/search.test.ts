import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, errorsOf, refusalOf, send } from '../support/client.ts';
import {
  type KeyAttributes,
  keyOf,
  type Life,
  lifeCells,
  listedKeys,
  makeKey,
  startLife,
} from '../support/life.ts';
import { accountKeysOf, activities, type SeededKey, type SeededUser } from '../support/seed.ts';

const path = '/api/application/api-keys';
const cursorOf = (text: string) => Buffer.from(text).toString('base64url');

describe.each(lifeCells)('searching keys, %s', (cell) => {
  let life: Life;
  beforeAll(async () => {
    life = await startLife(cell, { CLIENT_API_MAX_KEYS_PER_USER: '1000' });
  });
  afterAll(() => life.close());

  const search = (query = '', by = life.key.bearer) => life.ask({ path: `${path}${query}`, key: by });
  const nextOf = (answer: Answer) =>
    (answer.json as { meta: { cursor: { next: string | null } } }).meta.cursor.next;

  /** Follows the cursor from the first page to the last. */
  async function walk(query: string, betweenPages: () => Promise<void> = async () => undefined) {
    const seen: KeyAttributes[] = [];
    let answer = await search(`?cursor=&${query}`);
    for (;;) {
      seen.push(...listedKeys(answer));
      const next = nextOf(answer);
      if (next === null) return seen;
      await betweenPages();
      answer = await search(`?cursor=${next}&${query}`);
    }
  }

  it('answers in one form, without keys too', async () => {
    const { text } = await search();
    expect(text).toBe('{"object":"list","data":[],"meta":{"cursor":{"next":null,"per_page":50}}}');
  });

  it('shows each key as its own path does, with its owner, newest first', async () => {
    const users = [await life.seed.user(), await life.seed.user()] as [SeededUser, SeededUser];
    const first = await life.seed.key(users[0], { type: 1, memo: 'the panel’s' });
    await life.seed.key(users[0], { type: 2 });
    const second = await makeKey(life, users[1], {
      description: 'made',
      reference: 'r',
      expires_at: '2031-01-01',
    });
    const third = await makeKey(life, users[0], { description: 'third' });
    await life.ask({ method: 'POST', path: `${keyOf(users[0], third)}/disable` });
    const answer = await search('?fields=rotated_from');
    const expected: KeyAttributes[] = [];
    for (const [user, key] of [
      [users[0], third],
      [users[1], second],
      [users[0], first],
    ] as const) {
      const shown = await life.ask({ path: `${keyOf(user, key)}?fields=user_id,rotated_from` });
      expected.push((shown.json as { attributes: KeyAttributes }).attributes);
    }
    expect(listedKeys(answer)).toEqual(expected);
    expect(expected.map(({ user_id }) => user_id)).toEqual([users[0].id, users[1].id, users[0].id]);
    expect(
      (await activities(life.panel, "event = 'user:api-key.view'")).filter(
        ({ properties }) => (properties as { user_id?: number }).user_id === undefined,
      ),
    ).toEqual(
      [0, 3].map((count) => ({
        ...{ event: 'user:api-key.view', ip: '127.0.0.1', actor: `user ${life.admin.id}` },
        ...{ apiKeyId: life.key.id, properties: { count }, subjects: [] },
      })),
    );
  });

  it('walks over many keys and sees each once, although others come and go', async () => {
    const owner = await life.seed.user();
    for (let index = 0; index < 310; index += 1)
      await life.seed.key(owner, { type: 1, memo: `many ${index}` });
    const lasting = (await accountKeysOf(life.panel, owner)).map(({ identifier }) => String(identifier));
    const fleeting: SeededKey[] = [];
    for (let index = 0; index < 40; index += 1)
      fleeting.push(await life.seed.key(owner, { type: 1, memo: 'fleeting' }));
    let pages = 1;
    const seen = await walk(`per_page=37&filter[user]=${owner.id}`, async () => {
      pages += 1;
      await life.seed.key(owner, { type: 1, memo: 'late' });
      for (const { id } of fleeting.splice(0, 5))
        await life.panel.execute('delete from api_keys where id = ?', [id]);
    });
    const names = seen.map(({ identifier }) => identifier);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => lasting.includes(name))).toEqual(lasting.toReversed());
    expect(seen.some(({ description }) => description === 'late')).toBe(false);
    expect(pages).toBeGreaterThanOrEqual(9);

    const all = await walk('per_page=100');
    expect(all.map(({ identifier }) => identifier)).toEqual(expect.arrayContaining(lasting));
    const half = await search(`?filter[user]=${owner.id}`);
    expect(listedKeys(half)).toHaveLength(50);
    expect(half.json).toMatchObject({ meta: { cursor: { next: expect.any(String), per_page: 50 } } });
  });

  it('a full last page has no next one', async () => {
    const owner = await life.seed.user();
    for (let index = 0; index < 4; index += 1) await life.seed.key(owner, { type: 1 });
    for (const [perPage, pages] of [
      [4, 1],
      [2, 2],
      [3, 2],
      [1, 4],
    ] as const) {
      let count = 1;
      const seen = await walk(`per_page=${perPage}&filter[user]=${owner.id}`, async () => {
        count += 1;
      });
      expect([seen.length, count]).toEqual([4, pages]);
    }
  });

  describe('keys of admins', () => {
    let bosses: readonly [SeededUser, SeededUser];
    let account: readonly [SeededKey, SeededKey];
    beforeAll(async () => {
      bosses = [await life.seed.user({ admin: true }), await life.seed.user({ admin: true })];
      account = [await life.seed.key(bosses[0], { type: 1 }), await life.seed.key(bosses[1], { type: 1 })];
    });

    const ofAdmins = (answer: Answer) => {
      const names = listedKeys(answer).map(({ identifier }) => identifier);
      return account.map(({ identifier }) => names.includes(identifier));
    };
    const query = '?per_page=100';

    it('are left out, whatever is asked for', async () => {
      expect(ofAdmins(await search(query))).toEqual([false, false]);
      expect(listedKeys(await search('?filter[owner_is_admin]=true'))).toEqual([]);
      expect(listedKeys(await search(`?filter[user]=${bosses[0].id}`))).toEqual([]);
    });

    it('are shown to an admin’s account key where they are its owner’s', async () => {
      expect(ofAdmins(await search(query, account[0].bearer))).toEqual([true, false]);
      expect(listedKeys(await search('?filter[owner_is_admin]=1', account[0].bearer))).toMatchObject([
        { identifier: account[0].identifier, user_id: bosses[0].id },
      ]);
      expect(listedKeys(await search(`?filter[user]=${bosses[1].id}`, account[0].bearer))).toEqual([]);
    });

    it('are shown to nobody where self-service is off', async () => {
      const closed = await life.start({ CLIENT_API_SELF_SERVICE: 'false' });
      expect(ofAdmins(await send(closed.url, { path: path + query, key: account[0].bearer }))).toEqual([
        false,
        false,
      ]);
    });

    it('are shown to all where the operator says so', async () => {
      const open = await life.start({ CLIENT_API_ALLOW_ADMIN_TARGETS: 'true' });
      const answer = await send(open.url, { path: path + query, key: life.key.bearer });
      expect(ofAdmins(answer)).toEqual([true, true]);
      const others = await send(open.url, {
        ...{ path: `${path}?filter[owner_is_admin]=false&per_page=100`, key: life.key.bearer },
      });
      expect(ofAdmins(others)).toEqual([false, false]);
    });
  });

  it('is for those who may read users', async () => {
    const reader = await life.seed.key(life.admin, { acl: { users: 1 } });
    const writer = await life.seed.key(life.admin, { acl: { users: 2 } });
    const customer = await life.seed.key(await life.seed.user(), { type: 1 });
    expect((await search('', reader.bearer)).status).toBe(200);
    expect(refusalOf(await search('', writer.bearer))).toBe(
      '403 AccessDeniedHttpException: This action is unauthorized.',
    );
    expect(refusalOf(await search('', customer.bearer))).toBe(
      '403 AccessDeniedHttpException: This account does not have permission to access the API.',
    );
    expect((await search('', 'x'.repeat(48))).status).toBe(401);
    expect((await life.ask({ method: 'POST', path })).headers.allow).toBe('GET, HEAD');
  });

  it.each([
    ['cursor=x', 'cursor', 'cursor', 'The cursor is not one of this list.'],
    [`cursor=${cursorOf('["1"]')}`, 'cursor', 'cursor', 'The cursor is not one of this list.'],
    [`cursor=${cursorOf('[1,2]')}`, 'cursor', 'cursor', 'The cursor is not one of this list.'],
    [`cursor=${cursorOf('[1.5]')}`, 'cursor', 'cursor', 'The cursor is not one of this list.'],
    [`cursor=${cursorOf('[null]')}`, 'cursor', 'cursor', 'The cursor is not one of this list.'],
    [`cursor=${cursorOf('1')}`, 'cursor', 'cursor', 'The cursor is not one of this list.'],
    [`cursor=${'A'.repeat(2000)}`, 'cursor', 'cursor', 'The cursor is not one of this list.'],
    [`cursor=${cursorOf('[0]')}`, 'cursor', 'cursor', 'The cursor is not one of this list.'],
    [`cursor=${cursorOf('[-1]')}`, 'cursor', 'cursor', 'The cursor is not one of this list.'],
    ['cursor[]=x', 'cursor', 'string', 'The cursor must be a string.'],
    ['per_page=0', 'per_page', 'min', 'The per page must be at least 1.'],
    ['per_page=-1', 'per_page', 'min', 'The per page must be at least 1.'],
    ['per_page=101', 'per_page', 'max', 'The per page may not be greater than 100.'],
    ['per_page=1.5', 'per_page', 'integer', 'The per page must be an integer.'],
    ['per_page=all', 'per_page', 'integer', 'The per page must be an integer.'],
    ['fields=secret', 'fields', 'in', expect.stringContaining('known are user_id') as string],
    ['filter=x', 'filter', 'array', 'The filter must be an array.'],
    ['filter[owner]=1', 'filter.owner', 'in', 'The selected filter.owner is invalid.'],
    ['filter[user]=x', 'filter.user', 'integer', 'The filter.user must be an integer.'],
    ['filter[user]=0', 'filter.user', 'min', 'The filter.user must be at least 1.'],
    ['filter[user]=99999999999', 'filter.user', 'max', 'The filter.user may not be greater than 2147483647.'],
    ['filter[disabled]=x', 'filter.disabled', 'boolean', 'The filter.disabled field must be true or false.'],
    [
      'filter[never_used]=2',
      'filter.never_used',
      'boolean',
      'The filter.never_used field must be true or false.',
    ],
    [
      'filter[has_ip_restriction]=',
      'filter.has_ip_restriction',
      'boolean',
      'The filter.has_ip_restriction field must be true or false.',
    ],
    [
      'filter[owner_is_admin]=no',
      'filter.owner_is_admin',
      'boolean',
      'The filter.owner_is_admin field must be true or false.',
    ],
    ['filter[expired]=x', 'filter.expired', 'boolean', 'The filter.expired field must be true or false.'],
    ['filter[permission]=x', 'filter.permission', 'in', 'The selected filter.permission is invalid.'],
    ['filter[unused_since]=x', 'filter.unused_since', 'date', 'The filter.unused_since is not a valid date.'],
    [
      'filter[unused_since]=0000-01-01',
      'filter.unused_since',
      'date',
      'The filter.unused_since is not a valid date.',
    ],
    [
      'filter[expires_before]=2020-13-01',
      'filter.expires_before',
      'date',
      'The filter.expires_before is not a valid date.',
    ],
    [
      'filter[expires_before][]=2020-01-01',
      'filter.expires_before',
      'string',
      'The filter.expires_before must be a string.',
    ],
    ['filter[description]=a%00b', 'filter.description', 'regex', 'The filter.description format is invalid.'],
    ['filter[reference]=a%00b', 'filter.reference', 'regex', 'The filter.reference format is invalid.'],
    ['filter[reference][a]=b', 'filter.reference', 'string', 'The filter.reference must be a string.'],
  ])('?%s is 422', async (query, source_field, rule, detail) => {
    expect(errorsOf(await search(`?${query}`))).toEqual([
      { code: 'ValidationException', status: '422', detail, meta: { source_field, rule } },
    ]);
  });

  it('a cursor may name any id that the database has, and no other', async () => {
    const largest = { mysql: 2 ** 32 - 1, postgres: 2 ** 31 - 1, sqlite: Number.MAX_SAFE_INTEGER }[
      life.panel.dialect
    ];
    expect((await search(`?cursor=${cursorOf(`[${largest}]`)}`)).status).toBe(200);
    for (const id of [largest + 1, 1e20]) {
      expect(errorsOf(await search(`?cursor=${cursorOf(`[${id}]`)}`))).toMatchObject([
        { status: '422', meta: { source_field: 'cursor', rule: 'cursor' } },
      ]);
    }
  });

  it.each([
    'filter[unused_since]=0001-01-01',
    'filter[expires_before]=9999-12-31',
    'filter=',
    'cursor=&per_page=1',
    // Half of a surrogate pair, which is no UTF-8.
    'filter[description]=%ED%A0%80',
    'filter[reference]=%ED%A0%80&filter[description]=%F0%9F%98%80',
  ])('?%s is taken', async (query) => {
    expect((await search(`?${query}`)).status).toBe(200);
  });
});
