import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorsOf, refusalOf } from '../support/client.ts';
import {
  keyOf,
  type Life,
  lifeCells,
  madeKey,
  makeKey,
  shownKey,
  startLife,
  works,
} from '../support/life.ts';
import { panelTraits } from '../support/panel-traits.ts';
import type { SeededKey, SeededUser } from '../support/seed.ts';
import { keysOf } from '../support/sidecar.ts';

const unauthorized = '403 AccessDeniedHttpException: This action is unauthorized.';
const end = '2030-01-01 00:00:00';
const endIso = '2030-01-01T00:00:00+00:00';
const secondsToEnd = () => Math.floor((Date.parse(endIso) - Date.now()) / 1000);

describe.each(lifeCells)('how far a caller may go, %s', (cell) => {
  let life: Life;
  beforeAll(async () => {
    life = await startLife(cell, { CLIENT_API_MAX_KEYS_PER_USER: '100' });
  });
  afterAll(() => life.close());

  const asked = (by: SeededKey, method: string, path: string, body?: unknown) =>
    life.ask({ method, path, key: by.bearer, ...(body === undefined ? {} : { body }) });

  describe.each([
    ['an application key with an end', false],
    ['an account key with an end, on its own account', true],
  ])('%s', (_, isOwn) => {
    let user: SeededUser;
    let by: SeededKey;
    /** Ends with the caller's own key, before it, after it, and never. */
    let same: SeededKey;
    let sooner: SeededKey;
    let later: SeededKey;
    let endless: SeededKey;
    beforeAll(async () => {
      user = await life.seed.user();
      by = await life.seed.key(isOwn ? user : life.admin, {
        type: isOwn ? 1 : 2,
        memo: 'caller',
        expiresAt: end,
      });
      const seeded = (memo: string, expiresAt: string | null) =>
        life.seed.key(user, { type: 1, memo, expiresAt });
      same = await seeded('same', end);
      sooner = await seeded('sooner', '2029-01-01 00:00:00');
      later = await seeded('later', '2030-01-01 00:00:01');
      endless = await seeded('endless', null);
    });

    let count = 0;
    const create = (more: object) => {
      count += 1;
      return asked(by, 'POST', keysOf(user), { description: `made ${count}`, ...more });
    };

    it('makes keys that end with it, unless they are to end before', async () => {
      expect(madeKey(await create({})).attributes.expires_at).toBe(endIso);
      expect(madeKey(await create({ expires_at: endIso })).attributes.expires_at).toBe(endIso);
      expect(madeKey(await create({ expires_at: '2029-06-01' })).attributes.expires_at).toBe(
        '2029-06-01T00:00:00+00:00',
      );
      const soon = madeKey(await create({ expires_in: 3600 }));
      expect(Date.parse(String(soon.attributes.expires_at))).toBeLessThan(Date.parse(endIso));
    });

    it.each([
      ['expires_at', { expires_at: '2030-01-01T00:00:00.001Z' }],
      ['expires_at', { expires_at: null }],
      ['expires_in', () => ({ expires_in: secondsToEnd() + 5 })],
    ] as const)('does not make or change one to live longer: %s', async (source_field, more) => {
      const body = typeof more === 'function' ? more() : more;
      for (const answer of [await create(body), await asked(by, 'PATCH', keyOf(user, sooner), body)]) {
        expect(errorsOf(answer)).toEqual([
          {
            ...{
              code: 'ValidationException',
              status: '422',
              detail: 'The key may not outlive the key that asks.',
            },
            meta: { source_field, rule: 'within' },
          },
        ]);
      }
    });

    it('changes keys that end by then, and gives others such an end', async () => {
      const change = (key: SeededKey, body: object) => asked(by, 'PATCH', keyOf(user, key), body);
      expect((await change(same, { description: 'same!' })).status).toBe(200);
      expect((await change(sooner, { expires_at: endIso })).status).toBe(200);
      for (const key of [later, endless]) {
        expect(refusalOf(await change(key, { description: 'x' }))).toBe(unauthorized);
        expect(refusalOf(await change(key, {}))).toBe(unauthorized);
      }
      const another = await life.seed.key(user, { type: 1, memo: 'to be bound' });
      expect(shownKey(await change(another, { expires_at: endIso })).expires_at).toBe(endIso);
    });

    it('rotates keys that end by then', async () => {
      const ours = await life.seed.key(user, { type: 1, memo: 'to rotate', expiresAt: end });
      expect(madeKey(await asked(by, 'POST', `${keyOf(user, ours)}/rotate`)).attributes.expires_at).toBe(
        endIso,
      );
      for (const key of [later, endless]) {
        expect(refusalOf(await asked(by, 'POST', `${keyOf(user, key)}/rotate`))).toBe(unauthorized);
        expect(await works(life, user, key)).toBe(true);
      }
    });

    it('enables keys that end by then', async () => {
      const ours = await life.seed.key(user, { type: 1, memo: 'ours', expiresAt: end });
      const theirs = await life.seed.key(user, { type: 1, memo: 'theirs' });
      const act = (action: string, key: SeededKey) => asked(by, 'POST', `${keyOf(user, key)}/${action}`);
      expect(shownKey(await act('disable', ours)).disabled).toBe(true);
      expect(shownKey(await act('enable', ours)).expires_at).toBe(endIso);
      expect(shownKey(await act('disable', theirs)).disabled).toBe(true);
      expect(refusalOf(await act('enable', theirs))).toBe(unauthorized);
      expect(await works(life, user, theirs)).toBe(false);
      // Where there is nothing to do there is nothing to refuse.
      expect((await act('enable', endless)).status).toBe(200);
    });

    it('looks at and revokes whatever it may', async () => {
      const doomed = await life.seed.key(user, { type: 1, memo: 'doomed' });
      expect((await asked(by, 'GET', keyOf(user, doomed))).status).toBe(200);
      expect((await asked(by, 'DELETE', keyOf(user, doomed))).status).toBe(204);
    });
  });

  it('a key that has been replaced is bound to the end of its grace', async () => {
    const user = await life.seed.user();
    const old = await makeKey(life, user, { description: 'old' });
    await life.ask({ method: 'POST', path: `${keyOf(user, old)}/rotate`, body: { grace_seconds: 600 } });
    const [row] = await life.panel.query('select expires_at from sidecar_keys where identifier = ?', [
      old.identifier,
    ]);
    const by = { key: old.bearer };
    const made = await makeKey(life, user, { description: 'made' }, by);
    const [own] = await life.panel.query('select expires_at from sidecar_keys where identifier = ?', [
      made.identifier,
    ]);
    expect(own?.expires_at).toBe(row?.expires_at);
    const body = { description: 'x', expires_in: 700 };
    expect((await life.ask({ method: 'POST', path: keysOf(user), body, ...by })).status).toBe(422);
  });

  describe('an account key with an allow-list, on its own account', () => {
    let user: SeededUser;
    let by: SeededKey;
    const bounds = '["127.0.0.0\\/8","10.1.0.0-10.1.0.255"]';
    beforeAll(async () => {
      user = await life.seed.user();
      by = await life.seed.key(user, { type: 1, memo: 'caller', allowedIps: bounds });
    });

    let count = 0;
    const create = (more: object) => {
      count += 1;
      return asked(by, 'POST', keysOf(user), { description: `made ${count}`, ...more });
    };
    const wide = [
      [],
      ['0.0.0.0/0'],
      ['10.1.0.0/23'],
      ['10.0.0.0-10.1.0.3'],
      ['::1'],
      ['::ffff:0:0/96'],
      {},
      { a: '::/0' },
    ];
    const narrow = [
      ...[['127.0.0.1'], ['127.0.0.0/8'], ['127.*.*.*'], ['10.1.0.0/24'], ['10.1.0.7', '127.1.0.0/16']],
      ...[['::ffff:127.0.0.1'], { a: '127.0.0.1', b: '10.1.0.0-10.1.0.1' }],
    ];
    const tooWide = 'The allowed ips may not be wider than those of the key that asks.';

    it('makes keys with its own list, unless they are to have a narrower one', async () => {
      const mayBeNull = panelTraits[cell.panel].nullAllowedIps.rules.length === 0;
      for (const more of mayBeNull ? [{}, { allowed_ips: null }] : [{}]) {
        expect(madeKey(await create(more)).attributes.allowed_ips).toEqual([
          '127.0.0.0/8',
          '10.1.0.0-10.1.0.255',
        ]);
      }
      for (const allowed_ips of narrow) {
        expect(madeKey(await create({ allowed_ips })).attributes.allowed_ips).toEqual(allowed_ips);
      }
    });

    it.each(wide)('makes and changes none to be used from more: %j', async (allowed_ips) => {
      const within = await life.seed.key(user, { type: 1, memo: 'within', allowedIps: '["127.0.0.1"]' });
      const [name] = Object.keys(allowed_ips);
      const source_field = name === undefined ? 'allowed_ips' : `allowed_ips.${name}`;
      for (const answer of [
        await create({ allowed_ips }),
        await asked(by, 'PATCH', keyOf(user, within), { allowed_ips }),
      ]) {
        expect(errorsOf(answer)).toEqual([
          {
            code: 'ValidationException',
            status: '422',
            detail: tooWide,
            meta: { source_field, rule: 'within' },
          },
        ]);
      }
      await asked(by, 'DELETE', keyOf(user, within));
    });

    it('names each entry that is too wide', async () => {
      const errors = errorsOf(await create({ allowed_ips: ['::1', '127.0.0.1', '8.8.8.8'] }));
      expect(errors.map(({ meta }) => meta?.source_field)).toEqual(['allowed_ips.0', 'allowed_ips.2']);
      // Several ranges side by side never count as one.
      expect((await create({ allowed_ips: ['10.1.0.0-127.255.255.255'] })).status).toBe(422);
    });

    it.each([
      ['[]', false],
      ['["::1"]', false],
      ['["127.0.0.1","::1"]', false],
      ['"0.0.0.0\\/0"', false],
      ['no json', false],
      [panelTraits[cell.panel].unrestricted, false],
      ['["127.0.0.1"]', true],
      ['{"a":"127.0.0.1"}', true],
      ['["127.0.0.0 255.0.0.0"]', true],
    ])('rotates, changes and enables a key with %s: %s', async (allowedIps, may) => {
      const fresh = (memo: string) => life.seed.key(user, { type: 1, memo, allowedIps });
      const [toRotate, toChange, toEnable] = [await fresh('r'), await fresh('c'), await fresh('e')];
      await asked(by, 'POST', `${keyOf(user, toEnable)}/disable`);
      for (const answer of [
        await asked(by, 'POST', `${keyOf(user, toRotate)}/rotate`),
        await asked(by, 'PATCH', keyOf(user, toChange), { description: 'changed' }),
        await asked(by, 'POST', `${keyOf(user, toEnable)}/enable`),
      ]) {
        if (may) expect(shownKey(answer)).toBeDefined();
        else expect(refusalOf(answer)).toBe(unauthorized);
      }
      const names = [toRotate, toChange, toEnable].map(({ identifier }) => identifier);
      const left = await life.panel.query(
        'select memo from api_keys where user_id = ? and identifier in (?, ?, ?) order by id',
        [user.id, ...names],
      );
      expect(left.map(({ memo }) => memo)).toEqual(may ? ['changed', 'e'] : ['r', 'c', 'e']);
      const body = { all: true, except: [by.identifier] };
      expect((await asked(by, 'POST', `${keysOf(user)}/revoke`, body)).status).toBe(200);
    });

    it('gives a wider key a list within its own', async () => {
      const key = await life.seed.key(user, { type: 1, memo: 'wide' });
      const answer = await asked(by, 'PATCH', keyOf(user, key), { allowed_ips: ['127.0.0.1'] });
      expect(shownKey(answer).allowed_ips).toEqual(['127.0.0.1']);
    });

    it('whoever writes users is not bound by it, but for their own account', async () => {
      const application = await life.seed.key(life.admin, { allowedIps: bounds });
      const answer = await asked(application, 'POST', keysOf(user), { description: 'free', allowed_ips: [] });
      expect(madeKey(answer).attributes.allowed_ips).toEqual([]);
      const boss = await life.seed.user({ admin: true });
      const account = await life.seed.key(boss, { type: 1, allowedIps: bounds });
      const forOther = await asked(account, 'POST', keysOf(user), {
        description: 'free too',
        allowed_ips: [],
      });
      expect(madeKey(forOther).attributes.allowed_ips).toEqual([]);
      const forSelf = await asked(account, 'POST', keysOf(boss), { description: 'mine', allowed_ips: [] });
      expect(errorsOf(forSelf)).toMatchObject([{ meta: { source_field: 'allowed_ips', rule: 'within' } }]);
    });
  });
});
