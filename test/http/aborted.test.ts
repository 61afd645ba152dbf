import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adminSession, inFlight, waitsForUser } from '../support/admin-session.ts';
import { pterodactyl } from '../support/cells.ts';
import { accountKeysOf, type SeededKey } from '../support/seed.ts';
import { keysOf, type Sidecar, startSidecar, until } from '../support/sidecar.ts';

let sidecar: Sidecar;
let key: SeededKey;
beforeAll(async () => {
  sidecar = await startSidecar(pterodactyl, { env: { SIDECAR_MAX_IN_FLIGHT: '20' } });
  key = await sidecar.seed.key(await sidecar.seed.user({ admin: true }));
});
afterAll(() => sidecar.close());

/** Sends the start of a request and answers with how to break the connection off. */
async function begin(bytes: string): Promise<() => void> {
  const { hostname, port } = new URL(sidecar.service.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(bytes);
  return () => socket.destroy();
}

function head(path: string, length: number): string {
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: x',
    `Authorization: Bearer ${key.bearer}`,
    'Content-Type: application/json',
    `Content-Length: ${length}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

it('a body that breaks off is forgotten, however often it happens', async () => {
  const path = keysOf(await sidecar.seed.user());
  // More than may be in flight: were they counted for ever, nobody would be served after this.
  for (let round = 0; round < 5; round += 1) {
    const breakOff = await Promise.all(
      Array.from({ length: 10 }, () => begin(`${head(path, 100)}{"description":`)),
    );
    await until(async () => (await inFlight(sidecar.service.url)) === 11);
    for (const end of breakOff) end();
    await until(async () => (await inFlight(sidecar.service.url)) === 1);
  }
  expect(sidecar.service.log.filter((line) => line.includes('database'))).toHaveLength(1);
  expect((await sidecar.send({ path, key: key.bearer })).status).toBe(200);
});

it('a caller who does not wait for the answer is forgotten, and the key is made', async () => {
  const { panel, seed, service, send } = sidecar;
  const user = await seed.user();
  const session = await adminSession(panel);
  try {
    await session.holdUser(user);
    const body = '{"description":"not waited for"}';
    const end = await begin(head(keysOf(user), body.length) + body);
    await until(() => waitsForUser(panel, service.url));
    end();
    await until(async () => (await inFlight(sidecar.service.url)) === 1);
    await session.query('rollback');
  } finally {
    await session.end();
  }
  await until(async () => (await accountKeysOf(panel, user)).length === 1);
  expect((await send({ path: '/healthz' })).status).toBe(200);
});

it('beyond max_in_flight a request is told to come back, and health still answers', async () => {
  const path = keysOf(await sidecar.seed.user());
  const breakOff: (() => void)[] = [];
  await until(async () => {
    breakOff.push(await begin(`${head(path, 100)}{`));
    return (await sidecar.send({ path, key: key.bearer })).status === 503;
  });
  expect(breakOff.length).toBeGreaterThanOrEqual(20);
  const answer = await sidecar.send({ path, key: key.bearer });
  expect(answer.json).toEqual({
    errors: [
      {
        ...{ code: 'ServiceUnavailableHttpException', status: '503' },
        detail: 'This service is overloaded, please try again.',
      },
    ],
  });
  expect(answer.headers['retry-after']).toBe('1');
  expect((await sidecar.send({ path: '/healthz' })).status).toBe(200);
  for (const end of breakOff) end();
  await until(async () => (await sidecar.send({ path, key: key.bearer })).status === 200);
});
