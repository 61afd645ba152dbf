import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { adminSession, waitsForUser } from '../support/admin-session.ts';
import { cells, pterodactyl } from '../support/cells.ts';
import { accountKeysOf } from '../support/seed.ts';
import { keysOf, startSidecar, until } from '../support/sidecar.ts';

async function open(url: string, bytes: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  if (bytes !== '') socket.write(bytes);
  return socket;
}

it('nobody keeps a service from stopping by sending half a request, or none', async () => {
  const sidecar = await startSidecar(pterodactyl);
  const { url } = sidecar.service;
  const sockets = [
    await open(url, ''),
    await open(url, 'GET /healthz HT'),
    await open(url, 'GET /healthz HTTP/1.1\r\nHost: x\r\n'),
    await open(
      url,
      'POST /api/application/users/1/api-keys HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{',
    ),
  ];
  // One that was answered and is kept for a next request.
  const kept = await open(url, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(kept, 'data');
  const from = Date.now();
  expect(await sidecar.service.stop()).toBe(0);
  expect(Date.now() - from).toBeLessThan(3000);
  for (const socket of [...sockets, kept]) socket.destroy();
  await sidecar.close();
});

describe.each(cells)('%s', (cell) => {
  it('a request that is being worked on is finished and answered, and no other is taken', async () => {
    const sidecar = await startSidecar(cell);
    const { panel, seed, service, send } = sidecar;
    const key = await seed.key(await seed.user({ admin: true }));
    const user = await seed.user();
    const session = await adminSession(panel);
    await session.holdUser(user);
    const body = { description: 'last' };
    const pending = send({ method: 'POST', path: keysOf(user), key: key.bearer, body });
    await until(() => waitsForUser(panel, service.url));
    const stopped = service.stop();
    await until(() => service.log.some((line) => line.includes('"stopping"')));
    await until(() =>
      send({ path: '/healthz', from: '127.0.0.9' }).then(
        () => false,
        () => true,
      ),
    );
    await session.query('rollback');
    await session.end();
    const answer = await pending;
    expect(answer.status).toBe(200);
    expect(answer.headers.connection).toBe('close');
    expect(await stopped).toBe(0);
    expect((await accountKeysOf(panel, user)).map(({ memo }) => memo)).toEqual(['last']);
    await sidecar.close();
  });
});
