import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AnsweredError, errorsOf, refusalOf, send } from '../support/client.ts';
import {
  enforcing,
  keyOf,
  type Life,
  lifeCells,
  type MadeKey,
  makeKey,
  shownKey,
  startLife,
} from '../support/life.ts';
import type { RunningService } from '../support/service.ts';

const notFound = '404 NotFoundHttpException: The requested resource could not be found on the server.';
const unauthorized = '403 AccessDeniedHttpException: This action is unauthorized.';

describe.each(lifeCells)('changing a key that may not be, or not so, %s', (cell) => {
  let life: Life;
  /** The same panel, where scopes are not enforced. */
  let lax: RunningService;
  beforeAll(async () => {
    life = await startLife(cell, enforcing);
    lax = await life.start();
  });
  afterAll(() => life.close());

  const everything = {
    ...{ description: 'before', allowed_ips: ['127.0.0.0/8'], expires_at: '2031-01-01T00:00:00Z' },
    ...{ permissions: ['user.read'], servers: ['0a1b2c3d'], reference: 'r1' },
  };
  async function fresh(body: Readonly<Record<string, unknown>> = everything) {
    const user = await life.seed.user();
    return { user, made: await makeKey(life, user, body) };
  }

  const patch = (user: { readonly id: number }, key: { readonly identifier: string }, body: unknown) =>
    life.ask({ method: 'PATCH', path: keyOf(user, key), body });

  it.each<[object, string, string, string]>([
    [{ description: null }, 'description', 'string', 'The description must be a string.'],
    [{ description: '  ' }, 'description', 'string', 'The description must be a string.'],
    [
      { description: 'x'.repeat(501) },
      ...(['description', 'max', 'The description may not be greater than 500 characters.'] as const),
    ],
    [{ allowed_ips: ['x'] }, 'allowed_ips.0', '', '"x" is not a valid IP address or CIDR range.'],
    [{ allowed_ips: 'x' }, 'allowed_ips', 'array', 'The allowed ips must be an array.'],
    [{ expires_at: '2020-01-01' }, 'expires_at', 'after', 'The expires at must be a date after now.'],
    [{ expires_at: 'x' }, 'expires_at', 'date', 'The expires at is not a valid date.'],
    [{ expires_in: 0 }, 'expires_in', 'min', 'The expires in must be at least 1.'],
    [
      { expires_in: 60, expires_at: '2032-01-01' },
      ...([
        'expires_in',
        'prohibited',
        'The expires in field is prohibited when expires at is present.',
      ] as const),
    ],
    [{ permissions: ['x'] }, 'permissions.0', 'in', 'The selected permissions.0 is invalid.'],
    [
      { permissions: null },
      ...([
        'servers',
        'required_with',
        'The servers need permissions: a key without any is not confined.',
      ] as const),
    ],
    [{ servers: ['x'] }, 'servers.0', 'regex', 'The servers.0 format is invalid.'],
    [{ reference: 7 }, 'reference', 'string', 'The reference must be a string.'],
  ])('%j is 422, and changes nothing', async (change, source_field, rule, detail) => {
    const { user, made } = await fresh();
    const entry: AnsweredError = {
      ...{ code: 'ValidationException', status: '422', detail },
      meta: { source_field, rule },
    };
    expect(errorsOf(await patch(user, made, { reference: 'changed?', ...change }))).toEqual([entry]);
    expect(shownKey(await life.ask({ path: keyOf(user, made) }))).toEqual(made.attributes);
  });

  it('servers of a key without permissions are 422', async () => {
    const user = await life.seed.user();
    const made = await makeKey(life, user, { description: 'x', permissions: null });
    expect(errorsOf(await patch(user, made, { servers: ['0a1b2c3d'] }))).toMatchObject([
      { meta: { source_field: 'servers', rule: 'required_with' } },
    ]);
    expect(shownKey(await patch(user, made, { servers: ['0a1b2c3d'], permissions: [] }))).toMatchObject({
      ...{ permissions: [], servers: ['0a1b2c3d'] },
    });
  });

  it('scopes cannot be set where nothing enforces them, but can be taken away', async () => {
    const { user, made } = await fresh();
    const sent = { method: 'PATCH', path: keyOf(user, made), key: life.key.bearer };
    const laxly = (body: object) => send(lax.url, { ...sent, body });
    for (const body of [{ permissions: ['file.read'] }, { permissions: [], servers: null }]) {
      expect(errorsOf(await laxly(body))).toMatchObject([
        { status: '422', meta: { source_field: 'permissions', rule: 'enforced' } },
      ]);
    }
    expect(errorsOf(await laxly({ servers: ['0a1b2c3d'] }))).toMatchObject([
      { status: '422', meta: { source_field: 'servers', rule: 'enforced' } },
    ]);
    expect(shownKey(await laxly({ description: 'x' }))).toMatchObject({ permissions: ['user.read'] });
    expect(shownKey(await laxly({ permissions: null, servers: null }))).not.toHaveProperty('permissions');
  });

  it('descriptions stay unique, but for the key’s own', async () => {
    const { user, made } = await fresh();
    await makeKey(life, user, { description: 'Taken' });
    expect(errorsOf(await patch(user, made, { description: ' tAkEn ' }))).toMatchObject([
      {
        status: '422',
        detail: 'You already have an API key with this description.',
        meta: { source_field: 'description', rule: 'unique' },
      },
    ]);
    expect(shownKey(await patch(user, made, { description: 'BEFORE' })).description).toBe('BEFORE');
    const other = await fresh({ description: 'taken' });
    expect(other.made.attributes.description).toBe('taken');
  });

  it('of parallel changes to one description, one succeeds', async () => {
    const user = await life.seed.user();
    const keys: MadeKey[] = [];
    for (const description of ['1', '2', '3', '4', '5'])
      keys.push(await makeKey(life, user, { description }));
    const answers = await Promise.all(keys.map((key) => patch(user, key, { description: 'the one' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422, 422, 422, 422]);
  });

  it('a key that has been replaced is 409', async () => {
    const { user, made } = await fresh();
    await life.ask({ method: 'POST', path: `${keyOf(user, made)}/rotate`, body: { grace_seconds: 600 } });
    expect(refusalOf(await patch(user, made, { description: 'x' }))).toBe(
      '409 ConflictHttpException: This key has been replaced and cannot be changed any more.',
    );
  });

  it('other users’ keys, application keys and unknown ones are 404', async () => {
    const { made } = await fresh();
    const other = await life.seed.user();
    const application = await life.seed.key(other, { type: 2 });
    for (const key of [made, application, { identifier: 'ptlc_AAAAAAAAAAA' }]) {
      expect(refusalOf(await patch(other, key, { description: 'x' }))).toBe(notFound);
    }
    expect(refusalOf(await patch({ id: 4_000_000 }, made, {}))).toBe(notFound);
  });

  it('keys of admins are out of reach, but for an admin’s own account key', async () => {
    const boss = await life.seed.user({ admin: true });
    const own = await life.seed.key(boss, { type: 1, memo: 'boss' });
    expect(refusalOf(await patch(boss, own, { description: 'x' }))).toBe(unauthorized);
    const byAccountKeyOfAnother = await life.seed.key(life.admin, { type: 1 });
    const sent = { method: 'PATCH', path: keyOf(boss, own), body: { description: 'mine' } };
    expect(refusalOf(await life.ask({ ...sent, key: byAccountKeyOfAnother.bearer }))).toBe(unauthorized);
    expect(shownKey(await life.ask({ ...sent, key: own.bearer })).description).toBe('mine');
  });

  it('needs the right to write users, or to be one’s own', async () => {
    const { user, made } = await fresh();
    const own = await life.seed.key(user, { type: 1 });
    const reader = await life.seed.key(life.admin, { acl: { users: 1 } });
    const stranger = await life.seed.key(await life.seed.user(), { type: 1 });
    const sent = { method: 'PATCH', path: keyOf(user, made), body: { description: 'mine' } };
    expect((await life.ask({ ...sent, key: reader.bearer })).status).toBe(403);
    expect((await life.ask({ ...sent, key: stranger.bearer })).status).toBe(403);
    expect(shownKey(await life.ask({ ...sent, key: own.bearer })).description).toBe('mine');
  });
});
