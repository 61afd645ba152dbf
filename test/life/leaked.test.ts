import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, errorsOf, refusalOf, send } from '../support/client.ts';
import {
  enforcing,
  keyOf,
  type Life,
  lifeCells,
  type MadeKey,
  makeKey,
  recordedOf,
  startLife,
} from '../support/life.ts';
import { activities, type SeededKey, type SeededUser } from '../support/seed.ts';

const path = '/api/application/api-keys/revoke';
const unknown = (character: string) => character.repeat(48);
/** As long as keys, but with characters that no key has. */
const notKeys = [
  `ptlc_${'a'.repeat(21)}\0${'a'.repeat(21)}`,
  `ptlc_aaaa\0${'a'.repeat(38)}`,
  `${'😀'.repeat(47)}x`,
  `ptlc_\ud7ff\uffff${'\u0300'.repeat(41)}`,
  `%${'_'.repeat(46)}%`,
];

describe.each(lifeCells)('keys that have leaked, %s', (cell) => {
  let life: Life;
  let user: SeededUser;
  beforeAll(async () => {
    life = await startLife(cell, enforcing);
    user = await life.seed.user();
  });
  afterAll(() => life.close());

  const report = (keys: unknown, by = life.key.bearer) =>
    life.ask({ method: 'POST', path, key: by, body: { keys } });

  /** Every anonymous test comes from an address of its own, as calls are counted by address. */
  let host = 0;
  const newAddress = () => {
    host += 1;
    return `127.0.1.${host}`;
  };
  const reportFrom = (from: string, keys: unknown) =>
    send(life.service.url, { method: 'POST', path, from, body: { keys } });

  const isThere = async ({ identifier }: { readonly identifier: string }) =>
    (await life.panel.query('select id from api_keys where identifier = ?', [identifier])).length > 0;

  const deletionsOf = (key: { readonly identifier: string }) =>
    recordedOf(life.panel, 'user:api-key.delete', key);

  const verdicts = (answer: Answer) => {
    const { object, data } = answer.json as {
      object: string;
      data: { object: string; attributes: { index: number; revoked: boolean } }[];
    };
    expect([answer.status, object]).toEqual([200, 'list']);
    expect(data.every((entry) => entry.object === 'key_revocation')).toBe(true);
    expect(data.map(({ attributes }) => attributes.index)).toEqual(data.map((_, index) => index));
    return data.map(({ attributes }) => attributes.revoked);
  };

  async function everyKind(): Promise<readonly (SeededKey | MadeKey)[]> {
    const disabled = await makeKey(life, user, { description: `off ${host}` });
    await life.ask({ method: 'POST', path: `${keyOf(user, disabled)}/disable` });
    return [
      await life.seed.key(user, { type: 1 }),
      await life.seed.key(life.admin, { type: 1 }),
      await life.seed.key(life.admin, { type: 2 }),
      await life.seed.key(user, { type: 1, expiresAt: '2020-01-01 00:00:00' }),
      await life.seed.key(user, { type: 1, allowedIps: '["10.9.9.9"]' }),
      disabled,
    ];
  }

  describe('reported by who may write users', () => {
    it('are revoked, whosever and of whatever kind, and each is told of', async () => {
      const keys = await everyKind();
      const [first] = keys as [SeededKey];
      const sent = [
        unknown('a'),
        ...keys.map(({ bearer }) => bearer),
        `${first.identifier}${'z'.repeat(32)}`,
      ];
      expect(verdicts(await report(sent))).toEqual([false, ...keys.map(() => true), false]);
      for (const key of keys) expect(await isThere(key)).toBe(false);
      expect(await life.panel.query('select * from sidecar_keys')).toEqual([]);
      expect(await deletionsOf(first)).toEqual([
        {
          ...{ event: 'user:api-key.delete', ip: '127.0.0.1', actor: `user ${life.admin.id}` },
          ...{
            apiKeyId: life.key.id,
            properties: { identifier: first.identifier },
            subjects: [`user ${user.id}`],
          },
        },
      ]);
      expect(verdicts(await report(sent))).toEqual(sent.map(() => false));
    });

    it('are told apart by their whole text', async () => {
      const key = await life.seed.key(user, { type: 1 });
      const wrong = [
        key.bearer.replace(/.$/, 'x'),
        key.bearer.toLowerCase(),
        key.bearer.toUpperCase(),
        `${key.identifier.toUpperCase()}${key.secret}`,
        `${key.secret}${key.identifier}`,
      ];
      expect(verdicts(await report(wrong))).toEqual(wrong.map(() => false));
      expect(await isThere(key)).toBe(true);
      expect(verdicts(await report([` ${key.bearer}\n`]))).toEqual([true]);
    });

    it('may be reported twice in one call, however far apart', async () => {
      const [once, twice] = [await life.seed.key(user, { type: 1 }), await life.seed.key(user, { type: 1 })];
      const fill = Array.from({ length: 250 }, (_, index) => `nobody${index}`.padEnd(48, '-'));
      const sent = [twice.bearer, once.bearer, twice.bearer, ...fill, twice.bearer];
      const answered = verdicts(await report(sent));
      expect(answered.map((revoked, index) => (revoked ? index : -1)).filter((index) => index >= 0)).toEqual([
        ...[0, 1, 2, sent.length - 1],
      ]);
      expect(await deletionsOf(twice)).toHaveLength(1);
    });

    it.each(notKeys)('what cannot be a key keeps none of the others: %j', async (text) => {
      const key = await life.seed.key(user, { type: 1 });
      expect(verdicts(await report([text]))).toEqual([false]);
      expect(verdicts(await report([text, key.bearer, text]))).toEqual([false, true, false]);
    });

    it('are a thousand at most', async () => {
      const key = await life.seed.key(user, { type: 1 });
      const many = Array.from({ length: 999 }, (_, index) => `nobody${index}`.padEnd(48, '-'));
      const answered = verdicts(await report([...many, key.bearer]));
      expect([answered.length, answered.indexOf(true)]).toEqual([1000, 999]);
      const tooMany = await report([...many, ...many.slice(0, 2)]);
      expect(errorsOf(tooMany)).toMatchObject([
        { status: '422', detail: 'The keys may not have more than 1000 items.', meta: { rule: 'max' } },
      ]);
    });

    it('a key may report itself', async () => {
      const key = await life.seed.key(life.admin);
      expect(verdicts(await report([key.bearer], key.bearer))).toEqual([true]);
      expect((await report([key.bearer], key.bearer)).status).toBe(401);
    });

    it('others with a key are told that they may not', async () => {
      const key = await life.seed.key(user, { type: 1 });
      const reader = await life.seed.key(life.admin, { acl: { users: 1 } });
      for (const { bearer } of [key, reader]) {
        expect((await report([key.bearer], bearer)).status).toBe(403);
      }
      expect((await report([key.bearer], unknown('x'))).status).toBe(401);
      expect((await report([key.bearer], '')).status).toBe(401);
      expect(await isThere(key)).toBe(true);
    });
  });

  describe('reported by anyone', () => {
    const receipt = (received: number) => ({ object: 'key_revocation_receipt', attributes: { received } });

    it('are revoked, but the answer only counts what was sent', async () => {
      const from = newAddress();
      const keys = await everyKind();
      const answer = await reportFrom(from, [unknown('b'), ...keys.map(({ bearer }) => bearer)]);
      expect([answer.status, answer.json]).toEqual([202, receipt(7)]);
      for (const key of keys) expect(await isThere(key)).toBe(false);
      const [first] = keys as [SeededKey];
      expect(await deletionsOf(first)).toEqual([
        {
          ...{ event: 'user:api-key.delete', ip: from, actor: null, apiKeyId: null },
          ...{ properties: { identifier: first.identifier }, subjects: [`user ${user.id}`] },
        },
      ]);
    });

    it('are answered the same whether they were real, wrong or unknown', async () => {
      const from = newAddress();
      const key = await life.seed.key(user, { type: 1 });
      const answers: Answer[] = [];
      for (const text of [unknown('c'), `${key.identifier}${'z'.repeat(32)}`, key.bearer, key.bearer]) {
        answers.push(await reportFrom(from, [text]));
      }
      const seen = answers.map(({ status, text, headers }) => {
        const { date, 'x-request-id': id, ...rest } = headers;
        expect([typeof date, typeof id]).toEqual(['string', 'string']);
        return JSON.stringify([status, text, rest]);
      });
      expect(new Set(seen).size).toBe(1);
      expect(await isThere(key)).toBe(false);
    });

    it('what cannot be a key counts as sent and keeps none of the others', async () => {
      const from = newAddress();
      const key = await life.seed.key(user, { type: 1 });
      expect((await reportFrom(from, notKeys)).json).toEqual(receipt(notKeys.length));
      expect((await reportFrom(from, [...notKeys, key.bearer])).json).toEqual(receipt(notKeys.length + 1));
      expect(await isThere(key)).toBe(false);
    });

    it('are ten at most in a call', async () => {
      const from = newAddress();
      const keys = [...Array.from({ length: 10 }, (_, index) => unknown(String(index % 10))), unknown('x')];
      const key = await life.seed.key(user, { type: 1 });
      expect((await reportFrom(from, keys.slice(0, 10))).json).toEqual(receipt(10));
      const tooMany = await reportFrom(from, [...keys.slice(0, 10), key.bearer]);
      expect(errorsOf(tooMany)).toEqual([
        {
          ...{ code: 'ValidationException', status: '422' },
          detail: 'The keys may not have more than 10 items without a key of your own.',
          meta: { source_field: 'keys', rule: 'max' },
        },
      ]);
      expect(await isThere(key)).toBe(true);
    });

    it('are ten calls a minute from one address', async () => {
      const from = newAddress();
      const key = await life.seed.key(user, { type: 1 });
      for (let call = 0; call < 10; call += 1)
        expect((await reportFrom(from, [unknown('d')])).status).toBe(202);
      const refused = await reportFrom(from, [key.bearer]);
      expect(refusalOf(refused)).toBe('429 ThrottleRequestsException: Too Many Attempts.');
      const retryAfter = Number(refused.headers['retry-after']);
      expect(retryAfter).toBeGreaterThan(50);
      expect(retryAfter).toBeLessThanOrEqual(60);
      expect(await isThere(key)).toBe(true);
      // With a key of one's own the limit is the panel's.
      expect(
        verdicts(await life.ask({ method: 'POST', path, from, body: { keys: [unknown('d')] } })),
      ).toEqual([false]);
      expect((await reportFrom(newAddress(), [key.bearer])).status).toBe(202);
      expect(await isThere(key)).toBe(false);
    });

    it('count by the address that connects, not by one that is claimed', async () => {
      const from = newAddress();
      for (let call = 0; call < 11; call += 1) {
        const headers = { 'x-forwarded-for': `198.51.100.${call}` };
        const body = { keys: [unknown('e')] };
        const answer = await send(life.service.url, { method: 'POST', path, from, headers, body });
        expect(answer.status).toBe(call < 10 ? 202 : 429);
      }
    });
  });

  it.each<[string, unknown, string, string]>([
    ['none', undefined, 'keys', 'required'],
    ['an empty list', [], 'keys', 'min'],
    ['text', unknown('a'), 'keys', 'array'],
    ['a map', { a: unknown('a') }, 'keys', 'array'],
    ['one too short', [unknown('a').slice(1)], 'keys.0', 'min'],
    ['one too long', [unknown('a'), `${unknown('a')}a`], 'keys.1', 'max'],
    ['a number', [123], 'keys.0', 'string'],
    ['nothing', [null], 'keys.0', 'string'],
  ])('%s is 422', async (_, keys, source_field, rule) => {
    for (const answer of [await report(keys), await reportFrom(newAddress(), keys)]) {
      const errors = errorsOf(answer);
      expect(errors.map(({ status, meta }) => [status, meta])).toEqual([['422', { source_field, rule }]]);
    }
  });

  it('keys are never repeated: not in an answer, an error or the log', async () => {
    const key = await life.seed.key(user, { type: 1 });
    const almost = `${key.bearer}x`;
    const from = newAddress();
    const answers = [
      await report([almost]),
      await report({ [key.bearer]: key.bearer }),
      await report([[key.bearer]]),
      await life.ask({
        method: 'POST',
        path: `${path}?keys[]=${key.bearer}`,
        body: '{"x":',
        headers: { 'content-type': 'application/json' },
      }),
      await reportFrom(from, [almost, key.bearer.slice(1)]),
      await reportFrom(from, [key.bearer]),
      await report([key.bearer]),
    ];
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422, 400, 422, 202, 200]);
    for (const text of [
      ...answers.map((answer) => answer.text + JSON.stringify(answer.headers)),
      ...life.service.log,
    ]) {
      expect(text).not.toContain(key.secret);
      expect(text).not.toContain(key.identifier);
    }
    const recorded = JSON.stringify(await activities(life.panel, 'true'));
    expect(recorded).not.toContain(key.secret);
  });

  it('other methods are 405', async () => {
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await life.ask({ method, path });
      expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
    }
  });
});
