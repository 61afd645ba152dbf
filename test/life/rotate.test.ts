import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorsOf, refusalOf } from '../support/client.ts';
import {
  enforcing,
  keyOf,
  type Life,
  lifeCells,
  madeKey,
  makeKey,
  recordedOf,
  shownKey,
  startLife,
  works,
} from '../support/life.ts';
import { accountKeysOf, opened, type SeededUser } from '../support/seed.ts';
import { rotatingOn } from './rotating.ts';

const notFound = '404 NotFoundHttpException: The requested resource could not be found on the server.';
const unauthorized = '403 AccessDeniedHttpException: This action is unauthorized.';

describe.each(lifeCells)('rotating a key, %s', (cell) => {
  let life: Life;
  beforeAll(async () => {
    life = await startLife(cell, enforcing);
  });
  afterAll(() => life.close());

  const { fresh, rotate, ownRow, deletionsOf } = rotatingOn(() => life);

  it('answers as a creation does, and the old key is gone at once', async () => {
    const { user, old } = await fresh({ allowed_ips: ['127.0.0.0/8'], reference: 'r1' });
    const answer = await rotate(user, old);
    const made = madeKey(answer);
    expect(JSON.stringify(answer.json)).toBe(
      JSON.stringify({
        object: 'api_key',
        attributes: {
          ...{ identifier: made.identifier, description: 'x', allowed_ips: ['127.0.0.0/8'] },
          ...{ last_used_at: null, created_at: made.attributes.created_at },
          ...{ reference: 'r1', rotated_from: old.identifier },
        },
        meta: { secret_token: made.bearer.slice(16) },
      }),
    );
    expect(made.bearer).toMatch(new RegExp(`^${life.panel.traits.prefixes.account}[A-Za-z0-9]{43}$`));
    expect(made.identifier).not.toBe(old.identifier);
    expect([await works(life, user, old), await works(life, user, made)]).toEqual([false, true]);
    const rows = await accountKeysOf(life.panel, user);
    expect(rows.map(({ identifier }) => identifier)).toEqual([made.identifier]);
    expect(opened(String(rows[0]?.token))).toBe(life.panel.traits.plaintext(made.bearer.slice(16)));
    expect(await ownRow(old)).toBeUndefined();
  });

  it('is recorded as a creation that names the old key, and the old one’s deletion', async () => {
    const { user, old } = await fresh();
    const made = madeKey(await rotate(user, old));
    const [row] = await accountKeysOf(life.panel, user);
    const by = { ip: '127.0.0.1', actor: `user ${life.admin.id}`, apiKeyId: life.key.id };
    const about = await recordedOf(life.panel, 'user:api-key.create', made);
    expect(about).toEqual([
      {
        ...{ event: 'user:api-key.create', ...by, subjects: [`user ${user.id}`, `api_key ${row?.id}`] },
        properties: { identifier: made.identifier, rotated_from: old.identifier },
      },
    ]);
    expect(await deletionsOf(old)).toEqual([
      {
        ...{ event: 'user:api-key.delete', ...by, subjects: [`user ${user.id}`] },
        properties: { identifier: old.identifier },
      },
    ]);
  });

  it.each<[string, Readonly<Record<string, unknown>>, object]>([
    ['nothing set', {}, {}],
    ['a map of addresses', { allowed_ips: { office: '127.0.0.0/8', home: '::1' } }, {}],
    ['an end', { expires_at: '2031-02-03T04:05:06.789Z' }, { expires_at: '2031-02-03T04:05:06+00:00' }],
    ['permissions', { permissions: ['user.read'] }, {}],
    ['permissions for nothing', { permissions: [] }, {}],
    ['servers', { permissions: ['file.read'], servers: ['0a1b2c3d'] }, {}],
    ['a reference', { reference: 'order ☕' }, {}],
  ])('carries over %s', async (_, settings, shown) => {
    const { user, old } = await fresh(settings);
    const made = madeKey(await rotate(user, old, { grace_seconds: 60 }));
    const { identifier, created_at, ...carried } = made.attributes;
    const { identifier: oldIdentifier, created_at: oldCreation, ...before } = old.attributes;
    expect(carried).toEqual({ ...before, ...shown, rotated_from: oldIdentifier });
    expect(shownKey(await life.ask({ path: keyOf(user, made) }))).toEqual(made.attributes);
    const [first, second] = await accountKeysOf(life.panel, user);
    expect(second?.allowed_ips).toBe(first?.allowed_ips);
    const stored = await ownRow(made);
    expect(stored?.expires_at ?? null).toBe(
      'expires_at' in settings ? Date.parse('2031-02-03T04:05:06.789Z') : null,
    );
  });

  it('carries over an allow-list in whatever form the panel has it', async () => {
    for (const allowedIps of [
      life.panel.traits.unrestricted,
      '[]',
      '{}',
      '"127.0.0.1"',
      '["127.0.0.0 255.0.0.0"]',
      '["127.0.0.0\\/8"]',
    ]) {
      const user = await life.seed.user();
      const key = await life.seed.key(user, { type: 1, allowedIps });
      const made = madeKey(await rotate(user, key));
      expect((await accountKeysOf(life.panel, user))[0]?.allowed_ips).toBe(allowedIps);
      expect(await works(life, user, made)).toBe(true);
    }
  });

  it('gives a key without a description one, as the panel refuses such keys', async () => {
    for (const memo of [null, '']) {
      const user = await life.seed.user();
      const key = await life.seed.key(user, { type: 1, memo });
      expect(madeKey(await rotate(user, key)).attributes.description).toBe(key.identifier);
    }
  });

  it('a key that was replaced, is disabled or has expired is 409', async () => {
    const { user, old } = await fresh();
    madeKey(await rotate(user, old, { grace_seconds: 600 }));
    expect(refusalOf(await rotate(user, old))).toBe(
      '409 ConflictHttpException: This key has been replaced already.',
    );
    const asleep = await fresh();
    await life.ask({ method: 'POST', path: `${keyOf(asleep.user, asleep.old)}/disable` });
    expect(refusalOf(await rotate(asleep.user, asleep.old))).toBe(
      '409 ConflictHttpException: This key is disabled: enable it first.',
    );
    const expired = await life.seed.key(user, { type: 1, expiresAt: '2020-01-01 00:00:00' });
    expect(refusalOf(await rotate(user, expired))).toBe('409 ConflictHttpException: This key has expired.');
    expect(await accountKeysOf(life.panel, user)).toHaveLength(3);
    expect(await accountKeysOf(life.panel, asleep.user)).toHaveLength(1);
  });

  it('of parallel rotations of one key, one succeeds', async () => {
    const { user, old } = await fresh();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => rotate(user, old, { grace_seconds: 600 })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(409)]);
    expect(await accountKeysOf(life.panel, user)).toHaveLength(2);
    const atOnce = await fresh();
    const gone = await Promise.all(Array.from({ length: 8 }, () => rotate(atOnce.user, atOnce.old)));
    expect(gone.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(404)]);
    expect(await accountKeysOf(life.panel, atOnce.user)).toHaveLength(1);
  });

  it.each([
    [604_801, 'max', 'The grace seconds may not be greater than 604800.'],
    [-1, 'min', 'The grace seconds must be at least 0.'],
    ['-1', 'min', 'The grace seconds must be at least 0.'],
    [1.5, 'integer', 'The grace seconds must be an integer.'],
    ['soon', 'integer', 'The grace seconds must be an integer.'],
    [[60], 'integer', 'The grace seconds must be an integer.'],
    [true, 'integer', 'The grace seconds must be an integer.'],
  ])('a grace of %j is 422, and rotates nothing', async (grace_seconds, rule, detail) => {
    const { user, old } = await fresh();
    expect(errorsOf(await rotate(user, old, { grace_seconds }))).toEqual([
      {
        ...{ code: 'ValidationException', status: '422', detail },
        meta: { source_field: 'grace_seconds', rule },
      },
    ]);
    expect(await works(life, user, old)).toBe(true);
  });

  it.each([
    ['a week', { grace_seconds: 604_800 }, true],
    ['text', { grace_seconds: '600' }, true],
    ['none', { grace_seconds: 0 }, false],
    ['null', { grace_seconds: null }, false],
    ['no body', undefined, false],
  ])('takes a grace of %s', async (_, body, isKept) => {
    const { user, old } = await fresh();
    madeKey(await rotate(user, old, body));
    expect(await works(life, user, old)).toBe(isKept);
  });

  it('reaches no other key, and none of an admin', async () => {
    const { user, old } = await fresh();
    const other = await life.seed.user();
    const application = await life.seed.key(other, { type: 2 });
    for (const key of [old, application, { identifier: 'ptlc_AAAAAAAAAAA' }]) {
      expect(refusalOf(await rotate(other, key))).toBe(notFound);
    }
    const boss = await life.seed.user({ admin: true });
    const bosses = await life.seed.key(boss, { type: 1 });
    expect(refusalOf(await rotate(boss, bosses))).toBe(unauthorized);
    expect(madeKey(await rotate(boss, bosses, {}, bosses.bearer)).attributes.rotated_from).toBe(
      bosses.identifier,
    );
    const reader = await life.seed.key(life.admin, { acl: { users: 1 } });
    const stranger = await life.seed.key(await life.seed.user(), { type: 1 });
    for (const { bearer } of [reader, stranger])
      expect((await rotate(user, old, {}, bearer)).status).toBe(403);
  });

  it('a key may rotate itself', async () => {
    const { user, old } = await fresh();
    const made = madeKey(await rotate(user, old, {}, old.bearer));
    expect([await works(life, user, old), await works(life, user, made)]).toEqual([false, true]);
  });

  it('a rotated-out key of another user changes nothing there', async () => {
    const { user, old } = await fresh();
    const bystander: SeededUser = await life.seed.user();
    const theirs = await makeKey(life, bystander, { description: 'x', permissions: null });
    madeKey(await rotate(user, old, { grace_seconds: 60 }));
    expect(shownKey(await life.ask({ path: keyOf(bystander, theirs) }))).toEqual(theirs.attributes);
  });
});
