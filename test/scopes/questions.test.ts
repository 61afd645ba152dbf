import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Sent, send } from '../support/client.ts';
import { StandInPanel } from '../support/stand-in-panel.ts';
import { startWebServer, type WebServer, type WebServerName, webServerNames } from './web-servers.ts';

/** A question as it arrived. */
interface Question {
  readonly line: string;
  /** Names in lower case; a name that came twice has both values. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
}

const pairs = {
  nginx: ['x-original-method', 'x-original-uri'],
  caddy: ['x-forwarded-method', 'x-forwarded-uri'],
} as const;

let panel: StandInPanel;
let service: Server;
const servers: Partial<Record<WebServerName, WebServer>> = {};
const questions: Question[] = [];
let verdict = 204;

beforeAll(async () => {
  panel = await StandInPanel.start();
  service = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers: Record<string, string[]> = {};
      request.rawHeaders.forEach((name, index) => {
        if (index % 2 === 0) headers[name.toLowerCase()] = request.headersDistinct[name.toLowerCase()] ?? [];
      });
      questions.push({
        line: `${request.method} ${request.url}`,
        headers,
        body: Buffer.concat(chunks).toString(),
      });
      response.writeHead(verdict).end();
    });
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  const address = `127.0.0.1:${(service.address() as AddressInfo).port}`;
  for (const name of webServerNames) servers[name] = await startWebServer(name, { panel, service: address });
});

afterAll(async () => {
  for (const server of Object.values(servers)) await server.stop();
  service?.closeAllConnections();
  service?.close();
  await panel?.stop();
});

afterEach(() => {
  questions.length = 0;
  panel.take();
  verdict = 204;
});

describe.each(webServerNames)('%s', (name) => {
  const [method, uri] = pairs[name];
  const ask = (sent: Sent) => send(servers[name]?.url ?? '', sent);

  test.each([
    '/api/client/account',
    '/index.php/api/client/account?x=%41&y[]=%5B',
    '/index.php',
    '/index.php?x',
    '/%61pi/client/account/',
    '/api%2Fclient',
    '/x.php',
    '/index.php/x.php',
    '/',
    '/no-such-file.js',
    '/api/application/users/1',
  ])('asks once for %s, by what was sent', async (path) => {
    expect((await ask({ path, key: 'k' })).status).toBe(200);
    expect(
      questions.map(({ line, headers }) => [line, headers[method], headers[uri], headers.authorization]),
    ).toEqual([['GET /authorize', ['GET'], [path], ['Bearer k']]]);
  });

  test("sends no body, and none of the client's own headers of that kind", async () => {
    const claims = ['x-original-method', 'x-original-uri', 'x-forwarded-method', 'x-forwarded-uri'];
    const headers = Object.fromEntries(claims.map((claim) => [claim, 'claimed']));
    const body = { signal: 'start' };
    await ask({ method: 'POST', path: '/api/client/servers/1/power', key: 'k', headers, body });
    const [question] = questions;
    const told = Object.entries(question?.headers ?? {}).filter(([header]) => claims.includes(header));
    expect(Object.fromEntries(told)).toEqual({ [method]: ['POST'], [uri]: ['/api/client/servers/1/power'] });
    expect([question?.body, question?.headers['content-type']]).toEqual(['', ['application/json']]);
    expect(panel.take().map((arrived) => arrived.body)).toEqual(['{"signal":"start"}']);
  });

  test.each([
    ['/api/client/account', {}],
    ['/index.php/api/client', { cookie: 'pterodactyl_session=abc' }],
    ['/api/remote/servers/6f0a3c4e-58b5/install?page=1', { authorization: 'Bearer a.b' }],
    ['/api/remote/', { authorization: 'Bearer a.b' }],
  ])('asks nothing for %s with %j', async (path, headers) => {
    expect((await ask({ path, headers })).status).toBe(200);
    expect(questions).toEqual([]);
  });

  test.each([
    '/api/remote',
    '/api/remotes',
    '/api/remote/%61',
    '/api/remote/a.b',
    '/index.php/api/remote/a',
    '/x/api/remote/a',
  ])('asks for %s', async (path) => {
    await ask({ path, key: 'k' });
    expect(questions).toHaveLength(1);
  });

  test.each([200, 301, 400, 404, 429, 500, 503])('takes an answer of %i for what it is', async (status) => {
    verdict = status;
    const answer = await ask({ path: '/api/client/account', key: 'k' });
    expect(panel.take()).toHaveLength(status === 200 ? 1 : 0);
    // nginx knows yes, 401, 403, and failures of the service.
    const expected = name === 'nginx' && status !== 200 ? 503 : status;
    expect(answer.status).toBe(expected);
  });
});
