import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cell, cells } from '../support/cells.ts';
import { refusalOf } from '../support/client.ts';
import { insertRows } from '../support/insert-rows.ts';
import type { SeededKey } from '../support/seed.ts';
import { freeOn, keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';

const refusal =
  '400 TwoFactorAuthRequiredException: Two-factor authentication is required on this account in order to access this endpoint.';
const callers = ['admin', 'admin with a second factor', 'user', 'user with a second factor'] as const;
type Caller = (typeof callers)[number];

let sidecar: Sidecar;
const keys = new Map<Caller, { key: SeededKey; path: string }>();

async function start(cell: Cell, env: Record<string, string>) {
  sidecar = await startSidecar(cell, { env });
  const { seed } = sidecar;
  const target = await seed.user();
  for (const caller of callers) {
    const admin = caller.startsWith('admin');
    const owner = await seed.user({ admin, totp: caller.endsWith('factor') });
    const key = await seed.key(owner, { type: admin ? 2 : 1 });
    // A user asks for their own keys, an admin for somebody else's.
    keys.set(caller, { key, path: keysOf(admin ? target : owner) });
  }
}

async function store(value: string | null) {
  const key = 'settings::pterodactyl:auth:2fa_required';
  await sidecar.panel.execute('delete from settings');
  if (value !== null) await insertRows(sidecar.panel, 'settings', [{ key, value }]);
}

async function stopped(): Promise<Caller[]> {
  const found: Caller[] = [];
  for (const [caller, { key, path }] of keys) {
    const answer = await sidecar.send({ path, key: key.bearer });
    if (answer.status === 200) continue;
    expect(refusalOf(answer)).toBe(refusal);
    expect(answer.headers['x-ratelimit-limit']).toBeUndefined();
    found.push(caller);
  }
  return found;
}

describe.each(cells.filter(({ panel }) => panel === 'pterodactyl'))('%s', (cell) => {
  describe('with the policy of the environment', () => {
    beforeAll(() => start(cell, { APP_2FA_REQUIRED: '2' }));
    afterAll(() => sidecar.close());

    it.each<[string | null, Caller[]]>([
      [null, ['admin', 'user']],
      ['2', ['admin', 'user']],
      ['1', ['admin']],
      ['true', ['admin']],
      ['0', []],
      ['false', []],
      ['empty', []],
      ['garbage', []],
      ['7', ['admin', 'user']],
    ])('a settings row of %j replaces it, and at once', async (value, expected) => {
      await store(value);
      expect(await stopped()).toEqual(expected);
    });

    it('stops the other endpoints too', async () => {
      await store(null);
      const { seed, send } = sidecar;
      const key = keys.get('admin')?.key.bearer ?? '';
      const target = await seed.user();
      const requests = [
        { method: 'POST', path: keysOf(target), body: { description: 'x' } },
        { method: 'DELETE', path: `${keysOf(target)}/ptlc_0123456789A` },
        { method: 'GET', path: freeOn({ id: 1 }) },
        { method: 'HEAD', path: keysOf(target) },
      ];
      for (const request of requests) expect((await send({ ...request, key })).status).toBe(400);
    });
  });

  describe('with APP_ENVIRONMENT_ONLY', () => {
    beforeAll(() => start(cell, { APP_2FA_REQUIRED: 'true', APP_ENVIRONMENT_ONLY: 'true' }));
    afterAll(() => sidecar.close());

    it.each([null, '0', '2'])('a settings row of %j changes nothing', async (value) => {
      await store(value);
      expect(await stopped()).toEqual(['admin']);
    });
  });
});

describe.each(cells.filter(({ panel }) => panel === 'pelican'))('%s', (cell) => {
  beforeAll(() => start(cell, { APP_2FA_REQUIRED: '2' }));
  afterAll(() => sidecar.close());

  it.each([null, '2'])(
    'stops nobody, as the panel asks on its pages only: a settings row of %j',
    async (value) => {
      await store(value);
      expect(await stopped()).toEqual([]);
    },
  );
});
