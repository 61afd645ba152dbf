import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorsOf, refusalOf } from '../support/client.ts';
import {
  enforcing,
  keyOf,
  type Life,
  lifeCells,
  listedKeys,
  makeKey,
  shownKey,
  startLife,
} from '../support/life.ts';
import { activities, type SeededKey, type SeededUser } from '../support/seed.ts';
import { keysOf } from '../support/sidecar.ts';

const notFound = '404 NotFoundHttpException: The requested resource could not be found on the server.';

describe.each(lifeCells)('looking at keys, %s', (cell) => {
  let life: Life;
  beforeAll(async () => {
    life = await startLife(cell, enforcing);
  });
  afterAll(() => life.close());

  describe('one key', () => {
    it('is answered as the list shows it, and the view is recorded', async () => {
      const user = await life.seed.user();
      const key = await life.seed.key(user, { type: 1, memo: 'seen', allowedIps: '["10.0.0.0\\/8"]' });
      const answer = await life.ask({ path: keyOf(user, key) });
      expect(answer.text).toBe(
        JSON.stringify({
          object: 'api_key',
          attributes: {
            ...{ identifier: key.identifier, description: 'seen', allowed_ips: ['10.0.0.0/8'] },
            ...{ last_used_at: null, created_at: '2026-01-02T03:04:05+00:00' },
          },
        }),
      );
      expect(
        await activities(life.panel, "event = 'user:api-key.view' and api_key_id = ?", [life.key.id]),
      ).toEqual([
        {
          ...{ event: 'user:api-key.view', ip: '127.0.0.1', actor: `user ${life.admin.id}` },
          ...{ apiKeyId: life.key.id, subjects: [] },
          properties: { user_id: user.id, identifier: key.identifier },
        },
      ]);
      expect((await life.ask({ method: 'HEAD', path: keyOf(user, key) })).status).toBe(200);
    });

    it('shows what is set, and the rest to who asks', async () => {
      const user = await life.seed.user();
      const made = await makeKey(life, user, { description: 'x', reference: 'r7', expires_at: '2031-01-01' });
      expect(shownKey(await life.ask({ path: keyOf(user, made) }))).toEqual({
        ...{ identifier: made.identifier, description: 'x', allowed_ips: [], last_used_at: null },
        ...{ created_at: made.attributes.created_at, expires_at: '2031-01-01T00:00:00+00:00' },
        ...{ permissions: ['user.read', 'server.read'], reference: 'r7' },
      });
      const asked = shownKey(
        await life.ask({ path: `${keyOf(user, made)}?fields=disabled,user_id,servers` }),
      );
      expect(asked).toMatchObject({ disabled: false, user_id: user.id, servers: null, reference: 'r7' });
      expect(asked).not.toHaveProperty('rotated_from');
      const wrong = await life.ask({ path: `${keyOf(user, made)}?fields=secret` });
      expect(errorsOf(wrong)).toMatchObject([{ status: '422', meta: { source_field: 'fields' } }]);
    });

    it('is never shown with its secret', async () => {
      const user = await life.seed.user();
      const made = await makeKey(life, user, { description: 'x' });
      const secret = made.bearer.slice(16);
      for (const path of [keyOf(user, made), keysOf(user), '/api/application/api-keys']) {
        const { text } = await life.ask({ path });
        expect(text).toContain(made.identifier);
        expect(text).not.toContain(secret);
        expect(text).not.toContain('token');
      }
    });

    it('is not another user’s, nor an application key, nor spelled otherwise', async () => {
      const user = await life.seed.user();
      const key = await life.seed.key(user, { type: 1 });
      const application = await life.seed.key(user, { type: 2 });
      const other = await life.seed.user();
      const paths = [
        ...[keyOf(other, key), keyOf(user, application), `${keysOf(user)}/ptlc_AAAAAAAAAAA`],
        ...[keyOf({ id: 4_000_000 }, key), `${keysOf(user)}/${key.identifier.toUpperCase()}`],
      ];
      for (const path of paths) expect(refusalOf(await life.ask({ path }))).toBe(notFound);
    });

    it('needs the right to read users, and may be one’s own', async () => {
      const user = await life.seed.user();
      const key = await life.seed.key(user, { type: 1 });
      const reader = await life.seed.key(life.admin, { acl: { users: 1 } });
      const writer = await life.seed.key(life.admin, { acl: { users: 2 } });
      const stranger = await life.seed.key(await life.seed.user(), { type: 1 });
      const statusFor = async (by: SeededKey, path = keyOf(user, key)) =>
        (await life.ask({ path, key: by.bearer })).status;
      expect(await statusFor(reader)).toBe(200);
      expect(await statusFor(writer)).toBe(403);
      expect(await statusFor(stranger)).toBe(403);
      expect(await statusFor(key)).toBe(200);
      const admins = await life.seed.key(life.admin, { type: 1 });
      expect(await statusFor(reader, keyOf(life.admin, admins))).toBe(403);
      expect(await statusFor(admins, keyOf(life.admin, admins))).toBe(200);
    });
  });

  describe('the list', () => {
    let user: SeededUser;
    const names = new Map<string, string>();
    beforeAll(async () => {
      user = await life.seed.user();
      await life.seed.key(user, { type: 1, memo: 'Panel 100% own' });
      await life.seed.key(user, { type: 1, memo: 'long gone', expiresAt: '2020-01-01 00:00:00' });
      await makeKey(life, user, { description: 'Billing_A', reference: 'r1', permissions: null });
      await makeKey(life, user, { description: 'billing b', reference: 'R1', permissions: null });
      const asleep = await makeKey(life, user, {
        description: 'asleep',
        expires_at: '2031-01-01',
        permissions: null,
      });
      await life.ask({ method: 'POST', path: `${keyOf(user, asleep)}/disable` });
      for (const { identifier, description } of listedKeys(await life.ask({ path: keysOf(user) }))) {
        names.set(identifier, String(description));
      }
    });

    const listed = async (query: string) =>
      listedKeys(await life.ask({ path: `${keysOf(user)}?${query}` })).map(({ identifier }) =>
        names.get(identifier),
      );
    const all = ['Panel 100% own', 'long gone', 'Billing_A', 'billing b', 'asleep'];

    it.each([
      ['', all],
      ['filter=', all],
      ['filter[description]=billing', ['Billing_A', 'billing b']],
      ['filter[description]=BILLING_', ['Billing_A']],
      ['filter[description]=%25', ['Panel 100% own']],
      ['filter[description]=xyz', []],
      ['filter[reference]=r1', ['Billing_A']],
      ['filter[reference]=R1', ['billing b']],
      ['filter[reference]=r', []],
      ['filter[expired]=true', ['long gone']],
      ['filter[expired]=1', ['long gone']],
      ['filter[expired]=0', ['Panel 100% own', 'Billing_A', 'billing b', 'asleep']],
      ['filter[disabled]=true', ['asleep']],
      ['filter[disabled]=false', ['Panel 100% own', 'long gone', 'Billing_A', 'billing b']],
      ['filter[disabled]=false&filter[expired]=false&filter[description]=b', ['Billing_A', 'billing b']],
    ])('?%s', async (query, expected) => {
      expect(await listed(query)).toEqual(expected);
    });

    it.each([
      ['filter=billing', 'filter', 'array', 'The filter must be an array.'],
      ['filter[]=billing', 'filter', 'array', 'The filter must be an array.'],
      ['filter[owner]=1', 'filter.owner', 'in', 'The selected filter.owner is invalid.'],
      ['filter[never_used]=1', 'filter.never_used', 'in', 'The selected filter.never_used is invalid.'],
      [
        'filter[expired]=maybe',
        'filter.expired',
        'boolean',
        'The filter.expired field must be true or false.',
      ],
      ['filter[disabled]=', 'filter.disabled', 'boolean', 'The filter.disabled field must be true or false.'],
      ['filter[reference][]=r1', 'filter.reference', 'string', 'The filter.reference must be a string.'],
      ['fields=nope', 'fields', 'in', expect.stringContaining('known are user_id') as string],
    ])('?%s is 422', async (query, source_field, rule, detail) => {
      const answer = await life.ask({ path: `${keysOf(user)}?${query}` });
      expect(errorsOf(answer)).toEqual([
        { code: 'ValidationException', status: '422', detail, meta: { source_field, rule } },
      ]);
    });

    it('records how many keys were shown', async () => {
      const reader = await life.seed.key(life.admin, { acl: { users: 1 } });
      await life.ask({ path: `${keysOf(user)}?filter[reference]=r1`, key: reader.bearer });
      expect(await activities(life.panel, 'api_key_id = ?', [reader.id])).toMatchObject([
        { event: 'user:api-key.view', properties: { user_id: user.id, count: 1 } },
      ]);
    });

    it('shows of a disabled key when it would end, not what the panel is told', async () => {
      const keys = listedKeys(await life.ask({ path: `${keysOf(user)}?filter[disabled]=1` }));
      expect(keys).toMatchObject([
        { description: 'asleep', disabled: true, expires_at: '2031-01-01T00:00:00+00:00' },
      ]);
    });
  });
});
