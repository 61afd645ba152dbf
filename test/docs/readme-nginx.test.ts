import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pterodactyl } from '../support/cells.ts';
import { type Answer, type Sent, send } from '../support/client.ts';
import { NginxServer } from '../support/nginx.ts';
import type { SeededKey, SeededUser } from '../support/seed.ts';
import { freeOn, keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';
import { codeBlocks, readDocument, sectionOf } from './markdown.ts';

const [http = '', server = ''] = codeBlocks(sectionOf(readDocument('README.md'), 'nginx'))
  .filter(({ language }) => language === 'nginx')
  .map(({ text }) => text);

let sidecar: Sidecar;
let standIn: StandIn;
let nginx: NginxServer;
let admin: SeededUser;
let owner: SeededUser;
let node: { readonly id: number };
let key: SeededKey;

beforeAll(async () => {
  sidecar = await startSidecar(pterodactyl, { env: { SIDECAR_TRUSTED_PROXIES: '127.0.0.1' } });
  admin = await sidecar.seed.user({ admin: true });
  owner = await sidecar.seed.user();
  node = await sidecar.seed.node(3);
  key = await sidecar.seed.key(admin);
  standIn = await StandIn.start();
  nginx = await NginxServer.start({
    http: http.replace('127.0.0.1:8091', new URL(sidecar.service.url).host),
    // As in the panel's own server block: what is not sent elsewhere goes to PHP, in the end by a .php path.
    server: `${server}
      location ~ \\.php$ { proxy_pass http://${standIn.address}; }
      location / { proxy_pass http://${standIn.address}; }`,
  });
});

afterAll(async () => {
  await nginx?.stop();
  await standIn?.stop();
  await sidecar?.close();
});

beforeEach(() => {
  standIn.received.length = 0;
});

function ask(sent: Sent): Promise<Answer> {
  return send(nginx.url, { key: key.bearer, ...sent });
}

/** Which of the two answered. */
async function takenBy(sent: Sent): Promise<'panel-sidecar' | 'panel'> {
  const { headers } = await ask(sent);
  const byStandIn = headers['x-answered-by'] === 'panel';
  expect(standIn.received).toHaveLength(byStandIn ? 1 : 0);
  expect(headers['x-request-id'] === undefined).toBe(byStandIn);
  return byStandIn ? 'panel' : 'panel-sidecar';
}

describe("the service's paths", () => {
  const listed = 'seeded00001';

  test.each(['', '/', '?a=1', '/?a=1&b[]=2'])('list, with "%s" behind', async (behind) => {
    const { status, json } = await ask({ path: `${keysOf(owner)}${behind}` });
    expect([status, json]).toEqual([200, { object: 'list', data: [] }]);
  });

  test.each(['', '/'])('create and delete, with "%s" behind', async (behind) => {
    const made = await ask({
      method: 'POST',
      path: `${keysOf(owner)}${behind}`,
      body: { description: listed },
    });
    expect(made.status).toBe(200);
    const { identifier } = (made.json as { attributes: { identifier: string } }).attributes;

    const gone = await ask({ method: 'DELETE', path: `${keysOf(owner)}/${identifier}${behind}` });
    expect([gone.status, gone.text]).toEqual([204, '']);
  });

  test.each(['', '/', '?per_page=2&page=2'])('free ports, with "%s" behind', async (behind) => {
    const { status, json } = await ask({ path: `${freeOn(node)}${behind}` });
    expect(status).toBe(200);
    expect(json).toMatchObject({ object: 'list', meta: { pagination: { total: 3 } } });
  });

  test.each([
    ['GET', '/api/application/allocations/free', 200],
    ['GET', '/api/application/allocations/free/?summary=1', 200],
    ['POST', '/api/application/allocations/claims', 501],
    ['GET', '/api/application/allocations/claims/0f2b1a63-5d0e-4f4a-9f0b-6c3a4f1b2d77', 501],
    ['DELETE', '/api/application/allocations/claims/0f2b1a63-5d0e-4f4a-9f0b-6c3a4f1b2d77/', 501],
    ['POST', '/api/application/allocations/claims/0f2b1a63-5d0e-4f4a-9f0b-6c3a4f1b2d77/extend', 501],
    ['POST', '/api/application/allocations/claims/0f2b1a63-5d0e-4f4a-9f0b-6c3a4f1b2d77/replace', 501],
    ['PUT', '/api/application/allocations/claims', 405],
  ])('ports: %s %s is answered %i by the service', async (method, path, status) => {
    const { status: answered } = await ask({ method, path });
    expect(answered).toBe(status);
    expect(standIn.received).toEqual([]);
  });

  test.each([
    ['PUT', '/api/application/users/1/api-keys', 405],
    ['PUT', '/api/application/users/1/api-keys/ptlc_AAAAAAAAAAA', 405],
    ['GET', '/api/application/users/1/api-keys/ptlc_AAAAAAAAAAA/rotate', 405],
    ['DELETE', '/api/application/users/1/api-keys/revoke', 405],
    ['PUT', '/api/application/api-keys', 405],
    ['GET', '/api/application/api-keys/revoke', 405],
    ['POST', '/api/application/allocations/free', 405],
    ['PUT', '/api/application/allocations/claims', 405],
    ['GET', '/api/application/allocations/claims/7/extend', 404],
    ['GET', '/api/application/users/abc/api-keys', 404],
    ['DELETE', '/api/application/users/1/api-keys/odd.php', 404],
    ['POST', '/api/application/nodes/1/allocations/free', 405],
  ])('%s %s is answered %i by the service, in JSON', async (method, path, status) => {
    const answer = await ask({ method, path, headers: { accept: 'text/html' } });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ errors: [{ status: String(status) }] });
    expect(standIn.received).toEqual([]);
  });

  // The service here has no tables of its own: what it answers to is told by who answered.
  test.each([
    ['GET', '/api/application/users/1/api-keys/ptlc_AAAAAAAAAAA'],
    ['PATCH', '/api/application/users/1/api-keys/ptlc_AAAAAAAAAAA'],
    ['POST', '/api/application/users/1/api-keys/ptlc_AAAAAAAAAAA/rotate'],
    ['POST', '/api/application/users/1/api-keys/ptlc_AAAAAAAAAAA/disable'],
    ['POST', '/api/application/users/1/api-keys/ptlc_AAAAAAAAAAA/enable'],
    ['POST', '/api/application/users/1/api-keys/revoke'],
    ['GET', '/api/application/api-keys'],
    ['POST', '/api/application/api-keys/revoke'],
    ['GET', '/api/application/allocations/free'],
    ['POST', '/api/application/allocations/claims'],
    ['GET', '/api/application/allocations/claims/6f0a3c4e-58b5-4a7f-9a6a-0e1d2b3c4d5e'],
    ['POST', '/api/application/allocations/claims/6f0a3c4e-58b5-4a7f-9a6a-0e1d2b3c4d5e/extend'],
    ['POST', '/api/application/allocations/claims/6f0a3c4e-58b5-4a7f-9a6a-0e1d2b3c4d5e/replace'],
  ])('%s %s goes to the service', async (method, path) => {
    for (const behind of ['', '/', '?a=1']) {
      expect(await takenBy({ method, path: path + behind })).toBe('panel-sidecar');
    }
  });

  test('a leaked key is reported without a key of one’s own', async () => {
    const path = '/api/application/api-keys/revoke';
    const answer = await send(nginx.url, { method: 'POST', path, body: { keys: ['x'.repeat(48)] } });
    expect([answer.status, answer.headers['x-request-id'] === undefined]).toEqual([501, false]);
  });
});

test.each([
  '/',
  '/index.php',
  '/index.php/api/application/users/1/api-keys',
  '/api/client/account/api-keys',
  '/api/application/users',
  '/api/application/users/1',
  '/api/application/users/1/api-keysx',
  '/api/application/users/1/api-keys/ptlc_AAAAAAAAAAA/more',
  '/api/application/users/1/api-keys/ptlc_AAAAAAAAAAA/rotates',
  '/api/application/users/1/api-keys/ptlc_AAAAAAAAAAA/rotate/1',
  '/api/application/api-keysx',
  '/api/application/api-keys/ptlc_AAAAAAAAAAA',
  '/api/application/api-keys/revoke/1',
  '/api/application/allocations',
  '/api/application/allocations/frees',
  '/api/application/allocations/free/3',
  '/api/application/allocations/claims/1/more',
  '/api/application/users/1/2/api-keys',
  '/api/application/users//api-keys',
  '/api/application/users/1%2F2/api-keys',
  '/api/application/api-keys/1',
  '/api/application/allocations',
  '/api/application/allocations/claims/1/more',
  '/api/application/allocations/free/3',
  '/api/application/nodes/1/allocations',
  '/api/application/nodes/1/allocations/3',
  '/api/application/nodes/1/allocations/free/3',
  '/api/application/allocations',
  '/api/application/allocations/claims/1/2',
  '/api/application/allocations/free/3',
  '/api/application/servers',
  '/API/application/users/1/api-keys',
  '/x/api/application/users/1/api-keys',
  '/healthz',
  '/readyz',
  '/metrics',
  '/docs',
  '/openapi.json',
])('%s goes to the panel', async (path) => {
  expect(await takenBy({ path })).toBe('panel');
});

test('a path spelled otherwise is decided on as nginx reads it', async () => {
  expect(await takenBy({ path: `/%61pi/application/users/${owner.id}/api-keys` })).toBe('panel-sidecar');
  standIn.received.length = 0;
  expect(await takenBy({ path: `${keysOf(owner)}/../../${owner.id}` })).toBe('panel');
});

describe("the caller's address", () => {
  async function lastAuditedIp(): Promise<unknown> {
    const [row] = await sidecar.panel.query('select ip from activity_logs order by id desc limit 1');
    return row?.ip;
  }

  test('is the real one, whatever the caller claims', async () => {
    await ask({ path: keysOf(owner), from: '127.0.0.5' });
    expect(await lastAuditedIp()).toBe('127.0.0.5');

    const claims = {
      'x-forwarded-for': '203.0.113.9, 127.0.0.1',
      'x-real-ip': '203.0.113.9',
      forwarded: 'for=203.0.113.9',
    };
    await ask({ path: keysOf(owner), from: '127.0.0.6', headers: claims });
    expect(await lastAuditedIp()).toBe('127.0.0.6');
  });

  test('is what an allow-list is held against', async () => {
    const locked = await sidecar.seed.key(admin, { allowedIps: '["127.0.0.7"]' });
    const listAs = async (from: string, headers = {}) =>
      (await ask({ path: keysOf(owner), key: locked.bearer, from, headers })).status;

    expect(await listAs('127.0.0.7')).toBe(200);
    expect(await listAs('127.0.0.8', { 'x-forwarded-for': '127.0.0.7' })).toBe(403);
    expect(await lastAuditedIp()).toBe('127.0.0.8');
  });
});

test('links begin with the address that the caller used, not with one that headers claim', async () => {
  const headers = {
    host: 'panel.example.com',
    'x-forwarded-host': 'evil.example.com',
    'x-forwarded-port': '8443',
    'x-forwarded-proto': 'https',
  };
  const { json } = await ask({ path: `${freeOn(node)}?per_page=2`, headers });
  expect(json).toMatchObject({
    meta: { pagination: { links: { next: `http://panel.example.com${freeOn(node)}?per_page=2&page=2` } } },
  });
});

test('connections to the service are kept', async () => {
  const opened: unknown[] = [];
  const counter = createServer((_request, response) => response.end('{}'));
  counter.on('connection', (socket) => opened.push(socket));
  counter.listen(0, '127.0.0.1');
  await once(counter, 'listening');
  const { port } = counter.address() as { port: number };
  const front = await NginxServer.start({
    http: http.replace('127.0.0.1:8091', `127.0.0.1:${port}`),
    server,
  });
  try {
    for (let sent = 0; sent < 5; sent += 1) await send(front.url, { path: keysOf(owner) });
    expect(opened).toHaveLength(1);
  } finally {
    await front.stop();
    counter.close();
    counter.closeAllConnections();
  }
});

/** Stands in for the panel, and keeps what reached it. */
class StandIn {
  readonly received: IncomingHttpHeaders[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.received.push(request.headers);
      response.setHeader('x-answered-by', 'panel').end('<html></html>');
    });
  }

  static async start(): Promise<StandIn> {
    const standIn = new StandIn();
    standIn.#server.listen(0, '127.0.0.1');
    await once(standIn.#server, 'listening');
    return standIn;
  }

  get address(): string {
    const { port } = this.#server.address() as { port: number };
    return `127.0.0.1:${port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
