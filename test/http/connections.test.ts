import { afterAll, beforeAll, expect, it } from 'vitest';
import { inFlight } from '../support/admin-session.ts';
import { pterodactyl } from '../support/cells.ts';
import { sendBytes } from '../support/client.ts';
import type { SeededKey } from '../support/seed.ts';
import { keysOf, type Sidecar, startSidecar, until } from '../support/sidecar.ts';

let sidecar: Sidecar;
let key: SeededKey;
let path: string;
beforeAll(async () => {
  sidecar = await startSidecar(pterodactyl);
  key = await sidecar.seed.key(await sidecar.seed.user({ admin: true }));
  path = keysOf(await sidecar.seed.user());
});
afterAll(() => sidecar.close());

const request = (method: string, to: string, body: string | null = null, more: readonly string[] = []) =>
  [
    `${method} ${to} HTTP/1.1`,
    'Host: x',
    `Authorization: Bearer ${key.bearer}`,
    ...(body === null ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]),
    ...more,
    '',
    body ?? '',
  ].join('\r\n');

/** The statuses of all answers on one connection. */
async function statusesOf(...requests: string[]): Promise<number[]> {
  const last = request('GET', '/healthz', null, ['Connection: close']);
  const received = await sendBytes(sidecar.service.url, requests.join('') + last);
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

it('requests sent without waiting are answered in their order', async () => {
  const statuses = await statusesOf(
    request('GET', path),
    request('GET', '/nowhere'),
    request('POST', path, '{"description":"one"}'),
    request('POST', path, '{"description":"ONE"}'),
    request('GET', keysOf({ id: 4_000_000 })),
  );
  expect(statuses).toEqual([200, 404, 200, 422, 404, 200]);
});

it('whoever sends on and on without waiting for answers is hung up on, and nothing more of it is done', async () => {
  const lines = sidecar.service.log.length;
  const views = () => sidecar.panel.query("select id from activity_logs where event = 'user:api-key.view'");
  const before = (await views()).length;
  await Promise.all(
    Array.from({ length: 3 }, () => sendBytes(sidecar.service.url, request('GET', path).repeat(300))),
  );
  await until(async () => (await inFlight(sidecar.service.url)) === 1);
  expect((await views()).length - before).toBeLessThanOrEqual(3 * 32);
  const logged = sidecar.service.log.slice(lines).map((line) => JSON.parse(line) as { level: number });
  expect(logged.filter(({ level }) => level > 30)).toMatchObject([
    { level: 40, msg: expect.stringMatching(/^a client sent more than 32 /) },
  ]);
  expect(await statusesOf(request('GET', path).repeat(31))).toEqual(Array(32).fill(200));
});

it('a body that nobody reads is not taken for the next request', async () => {
  const smuggled = request('POST', path, '{"description":"smuggled"}');
  const statuses = await statusesOf(
    request('GET', path, smuggled),
    request('HEAD', path, smuggled),
    request('PUT', path, smuggled),
    request('POST', '/nowhere', smuggled),
    request('GET', '/%zz', smuggled),
    request('OPTIONS', path, smuggled, ['Origin: http://x', 'Access-Control-Request-Method: POST']),
  );
  expect(statuses).toEqual([200, 200, 405, 404, 400, 204, 200]);
  const made = await sidecar.panel.query("select id from api_keys where memo = 'smuggled'");
  expect(made).toEqual([]);
});

it('after a body that is too large the connection is in step, or closed', async () => {
  const smuggled = request('POST', path, '{"description":"smuggled"}');
  const statuses = await statusesOf(request('POST', path, ' '.repeat(70_000) + smuggled));
  expect([[413], [413, 200]]).toContainEqual(statuses);
  const made = await sidecar.panel.query("select id from api_keys where memo = 'smuggled'");
  expect(made).toEqual([]);
});
