import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells } from '../support/cells.ts';
import { type Answer, refusalOf } from '../support/client.ts';
import type { SeededKey, SeededUser } from '../support/seed.ts';
import { keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';

/** Failed authentications that an address has in a minute. */
const limit = 60;

describe.each(cells)('failed authentication on %s', (cell) => {
  let sidecar: Sidecar;
  let key: SeededKey;
  let user: SeededUser;
  beforeAll(async () => {
    // With workers, as the limit is one for all of them.
    const env = { SIDECAR_TRUSTED_PROXIES: '127.0.0.1' };
    sidecar = await startSidecar(cell, { env, args: ['--workers', '2'] });
    key = await sidecar.seed.key(await sidecar.seed.user({ admin: true }));
    user = await sidecar.seed.user();
  });
  afterAll(() => sidecar.close());

  const unknown = 'ptla_NobodysKey1'.padEnd(48, 'x');
  const ask = (ip: string, bearer?: string): Promise<Answer> =>
    sidecar.send({
      path: keysOf(user),
      ...(bearer === undefined ? {} : { key: bearer }),
      headers: { 'x-forwarded-for': ip },
    });
  async function statusesOf(times: number, ip: (index: number) => string, bearer = unknown) {
    const answers = await Promise.all(Array.from({ length: times }, (_, index) => ask(ip(index), bearer)));
    const count = (status: number) => answers.filter((answer) => answer.status === status).length;
    return { 401: count(401), 429: count(429) };
  }

  it('is answered 429 once an address has failed too often, with when to come back', async () => {
    const ip = '203.0.113.1';
    expect(await statusesOf(limit + 40, () => ip)).toEqual({ 401: limit, 429: 40 });
    const refused = await ask(ip, unknown);
    expect(refusalOf(refused)).toBe('429 ThrottleRequestsException: Too Many Attempts.');
    const seconds = Number(refused.headers['retry-after']);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    // These tell of the limit of requests, which has nothing to do with it.
    expect(refused.headers['x-ratelimit-limit']).toBeUndefined();
  });

  it('keeps no good key of that address out', async () => {
    const ip = '203.0.113.2';
    await statusesOf(limit + 1, () => ip);
    expect((await ask(ip, unknown)).status).toBe(429);
    expect((await ask(ip, key.bearer)).status).toBe(200);
    expect((await ask(ip, unknown)).status).toBe(429);
  });

  it('counts for its own address only', async () => {
    await statusesOf(limit, () => '203.0.113.3');
    expect((await ask('203.0.113.3', unknown)).status).toBe(429);
    expect((await ask('203.0.113.4', unknown)).status).toBe(401);
  });

  it('counts for all of an IPv6 /64, and for none beside it', async () => {
    const host = (index: number) => `2001:db8:1:2:${index.toString(16)}::1`;
    expect(await statusesOf(limit + 5, host)).toEqual({ 401: limit, 429: 5 });
    expect((await ask('2001:db8:1:3::1', unknown)).status).toBe(401);
    expect((await ask('2001:db8:1:1:ffff:ffff:ffff:ffff', unknown)).status).toBe(401);
  });

  it('counts an IPv4 address however it is written', async () => {
    const spelled = (index: number) => (index % 2 === 0 ? '203.0.113.5' : '::ffff:203.0.113.5');
    expect(await statusesOf(limit + 5, spelled)).toEqual({ 401: limit, 429: 5 });
  });

  it('is any that leaves it open whose request it is, and nothing else', async () => {
    const ip = '203.0.113.6';
    const owner = await sidecar.seed.user({ admin: true });
    const expired = await sidecar.seed.key(owner, { expiresAt: '2020-01-01 00:00:00' });
    const wrongSecret = `${key.identifier}${'y'.repeat(32)}`;
    const failures = [undefined, 'no key at all', wrongSecret, expired.bearer, unknown];
    for (const bearer of failures) expect((await ask(ip, bearer)).status).toBe(401);
    // Whoever is known but may not has not failed.
    const powerless = await sidecar.seed.key(owner, { acl: 0 });
    for (let count = 0; count < 10; count += 1) expect((await ask(ip, powerless.bearer)).status).toBe(403);
    expect(await statusesOf(limit, () => ip)).toEqual({ 401: limit - failures.length, 429: failures.length });
  });

  it('is told no sooner for one reason than for another', async () => {
    const ended = await sidecar.seed.key(await sidecar.seed.user(), { expiresAt: '2020-01-01 00:00:00' });
    for (const bearer of [undefined, unknown, `${key.identifier}${'y'.repeat(32)}`, ended.bearer]) {
      const start = performance.now();
      expect((await ask('203.0.113.7', bearer)).status).toBe(401);
      // A timer of 10 ms that began a little before.
      expect(performance.now() - start).toBeGreaterThan(9);
    }
  });
});
