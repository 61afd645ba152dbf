import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { refusalOf, type Sent, send } from '../support/client.ts';
import { type Check, panelTraits } from '../support/panel-traits.ts';
import type { SeededKey, SeededUser } from '../support/seed.ts';
import { startService } from '../support/service.ts';
import { keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';

interface Account {
  readonly owner: SeededUser;
  readonly target: SeededUser;
  readonly key: SeededKey;
}

const limit = 6;
describe.each(cells)('%s', (cell) => {
  let sidecar: Sidecar;
  beforeAll(async () => {
    sidecar = await startSidecar(cell, { env: { APP_API_APPLICATION_RATELIMIT: String(limit) } });
  });
  afterAll(() => sidecar.close());

  async function admin(): Promise<Account> {
    const owner = await sidecar.seed.user({ admin: true });
    const target = await sidecar.seed.user();
    return { owner, target, key: await sidecar.seed.key(owner) };
  }

  it('counts down in the panel’s headers, then answers 429 with when to come back', async () => {
    const { target, key } = await admin();
    const before = Date.now();
    for (let left = limit - 1; left >= 0; left -= 1) {
      const { status, headers } = await sidecar.send({ path: keysOf(target), key: key.bearer });
      expect(status).toBe(200);
      expect(headers['x-ratelimit-limit']).toBe(String(limit));
      expect(headers['x-ratelimit-remaining']).toBe(String(left));
      expect(headers['retry-after']).toBeUndefined();
      expect(headers['x-ratelimit-reset']).toBeUndefined();
    }
    const answer = await sidecar.send({ path: keysOf(target), key: key.bearer });
    const after = Date.now();
    expect(refusalOf(answer)).toBe('429 ThrottleRequestsException: Too Many Attempts.');
    expect(answer.headers['x-ratelimit-limit']).toBe(String(limit));
    expect(answer.headers['x-ratelimit-remaining']).toBe('0');
    const reset = Number(answer.headers['x-ratelimit-reset']);
    expect(reset).toBeGreaterThanOrEqual(Math.floor((before + 60_000) / 1000));
    expect(reset).toBeLessThanOrEqual(Math.ceil((after + 60_000) / 1000));
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(30);
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60);
  });

  it('is shared by all keys of a user, and by nobody else', async () => {
    const { owner, target, key } = await admin();
    const second = await sidecar.seed.key(owner, { type: 1 });
    const other = await admin();
    const remaining = async (bearer: string) =>
      (await sidecar.send({ path: keysOf(target), key: bearer })).headers['x-ratelimit-remaining'];
    expect(await remaining(key.bearer)).toBe('5');
    expect(await remaining(second.bearer)).toBe('4');
    expect(await remaining(key.bearer)).toBe('3');
    expect(await remaining(other.key.bearer)).toBe('5');
  });

  /** Requests that one check refuses, each of an account of its own. */
  const refusedBy: Readonly<Partial<Record<Check, (account: Account) => Promise<Sent> | Sent>>> = {
    target: ({ key }) => ({ path: keysOf({ id: 4_000_000 }), key: key.bearer }),
    key: ({ target, key }) => ({ path: keysOf(target), key: `${key.bearer}x` }),
    json: ({ target, key }) => ({
      ...{ method: 'POST', path: keysOf(target), key: key.bearer },
      ...{ headers: { 'content-type': 'application/json' }, body: '{' },
    }),
    address: async ({ owner, target }) => {
      const locked = await sidecar.seed.key(owner, { allowedIps: '["10.9.9.9"]' });
      return { path: keysOf(target), key: locked.bearer };
    },
    acl: async ({ owner, target }) => {
      const powerless = await sidecar.seed.key(owner, { acl: 0 });
      return { path: keysOf(target), key: powerless.bearer };
    },
    input: ({ target, key }) => ({ method: 'POST', path: keysOf(target), key: key.bearer, body: {} }),
  };
  const { checks, rateLimit } = panelTraits[cell.panel];
  const isCounted = (check: Check) => checks.indexOf(check) > checks.indexOf('throttle');
  const refusals = Object.entries(refusedBy).map(
    ([check, request]) => [check, isCounted(check as Check), request] as const,
  );

  it.each(refusals)('a refusal by the check of the %s counts: %s', async (_, counted, request) => {
    const account = await admin();
    const { status, headers } = await sidecar.send(await request(account));
    expect(status).toBeGreaterThanOrEqual(400);
    expect(headers['x-ratelimit-remaining']).toBe(counted ? String(limit - 1) : undefined);
    const next = await sidecar.send({ path: keysOf(account.target), key: account.key.bearer });
    expect(next.headers['x-ratelimit-remaining']).toBe(String(counted ? limit - 2 : limit - 1));
  });

  it('whom the panel refuses as no admin is counted where it refuses them after counting', async () => {
    const { seed, send } = sidecar;
    const user = await seed.user();
    const own = await seed.key(user, { type: 1 });
    const others = await send({ path: keysOf(await seed.user()), key: own.bearer });
    expect(others.status).toBe(403);
    const next = await send({ path: keysOf(user), key: own.bearer });
    expect(next.headers['x-ratelimit-remaining']).toBe(String(isCounted('admin') ? limit - 2 : limit - 1));
  });

  it('a wrong verb does not count', async () => {
    const { target, key } = await admin();
    const { status, headers } = await sidecar.send({ method: 'PUT', path: keysOf(target), key: key.bearer });
    expect(status).toBe(405);
    expect(headers['x-ratelimit-remaining']).toBeUndefined();
  });

  it('is the panel’s own where nothing is set', async () => {
    const { panel } = sidecar;
    const service = await startService(panel.folder);
    try {
      const { target, key } = await admin();
      const { headers } = await send(service.url, { path: keysOf(target), key: key.bearer });
      expect(headers['x-ratelimit-limit']).toBe(String(rateLimit));
    } finally {
      await service.stop();
    }
  });

  it('lets exactly the limit through, however many ask at once', async () => {
    const { target, key } = await admin();
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => sidecar.send({ path: keysOf(target), key: key.bearer })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(limit);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(40 - limit);
  });

  it('a 429 does not carry out anything', async () => {
    const { panel, send } = sidecar;
    const { target, key } = await admin();
    for (let count = 0; count < limit; count += 1) await send({ path: keysOf(target), key: key.bearer });
    const body = { description: 'never' };
    expect((await send({ method: 'POST', path: keysOf(target), key: key.bearer, body })).status).toBe(429);
    expect(await panel.query('select id from api_keys where user_id = ?', [target.id])).toEqual([]);
    const rows = await panel.query('select event from activity_logs where api_key_id = ?', [key.id]);
    expect(rows.map(({ event }) => event)).toEqual(Array(limit).fill('user:api-key.view'));
  });
});
