import { afterAll, beforeAll, expect, it } from 'vitest';
import { pterodactyl } from '../support/cells.ts';
import { refusalOf } from '../support/client.ts';
import { keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';

const limit = 6;
let sidecar: Sidecar;
beforeAll(async () => {
  sidecar = await startSidecar(pterodactyl, { env: { APP_API_APPLICATION_RATELIMIT: String(limit) } });
});
afterAll(() => sidecar.close());

async function admin() {
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

it('counts 404, 403 and 422, but no 401, no malformed JSON and no refused address', async () => {
  const { owner, target, key } = await admin();
  const locked = await sidecar.seed.key(owner, { allowedIps: '["10.9.9.9"]' });
  const powerless = await sidecar.seed.key(owner, { acl: 0 });
  const json = { 'content-type': 'application/json' };
  const uncounted = [
    { path: keysOf(target), key: `${key.bearer}x` },
    { path: keysOf(target), key: locked.bearer },
    { method: 'POST', path: keysOf(target), key: key.bearer, headers: json, body: '{' },
    { method: 'PUT', path: keysOf(target), key: key.bearer },
  ];
  for (const request of uncounted) {
    const answer = await sidecar.send(request);
    expect([400, 401, 403, 405]).toContain(answer.status);
    expect(answer.headers['x-ratelimit-remaining']).toBeUndefined();
  }
  const counted = [
    { path: keysOf({ id: 4_000_000 }), key: key.bearer },
    { path: keysOf(target), key: powerless.bearer },
    { method: 'POST', path: keysOf(target), key: key.bearer, body: {} },
  ];
  const statuses: (number | string | undefined)[][] = [];
  for (const request of counted) {
    const { status, headers } = await sidecar.send(request);
    statuses.push([status, String(headers['x-ratelimit-remaining'])]);
  }
  expect(statuses).toEqual([
    [404, '5'],
    [403, '4'],
    [422, '3'],
  ]);
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
