import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send, sendBytes } from '../support/client.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { PanelSeed, type SeededKey } from '../support/seed.ts';
import { type RunningService, startService } from '../support/service.ts';

const pairs = {
  nginx: ['x-original-method', 'x-original-uri'],
  caddy: ['x-forwarded-method', 'x-forwarded-uri'],
  traefik: ['x-forwarded-method', 'x-forwarded-uri'],
} as const;
const account = '/api/client/account';

let panel: PanelDatabase;
/** A key that reads the account. */
let reader: SeededKey;

beforeAll(async () => {
  panel = await createPanelDatabase('pterodactyl', 'sqlite');
  await migrateOwnTables(panel);
  const seed = new PanelSeed(panel);
  reader = await seed.key(await seed.user(), { type: 1 });
  await panel.execute('insert into sidecar_keys (api_key_id, identifier, permissions) values (?, ?, ?)', [
    reader.id,
    reader.identifier,
    '["user.read"]',
  ]);
});

afterAll(() => panel?.drop());

function start(env: Readonly<Record<string, string>>): Promise<RunningService> {
  return startService(panel.folder, { env: { SIDECAR_SCOPES_ENFORCE: 'true', ...env } });
}

describe.each(['nginx', 'caddy', 'traefik'] as const)('scopes.proxy: %s', (proxy) => {
  const [method, uri] = pairs[proxy];
  const [otherMethod, otherUri] = pairs[proxy === 'nginx' ? 'caddy' : 'nginx'];
  let service: RunningService;

  beforeAll(async () => {
    service = await start({ SIDECAR_SCOPES_PROXY: proxy });
  });

  afterAll(() => service?.stop());

  async function verdict(headers: Readonly<Record<string, string>>, key = reader.bearer): Promise<number> {
    const { status, text } = await send(service.url, { path: '/authorize', key, headers });
    expect(text === '').toBe(status === 204);
    return status;
  }

  test('the pair that it sets is judged', async () => {
    expect(await verdict({ [method]: 'GET', [uri]: account })).toBe(204);
    expect(await verdict({ [method]: 'PUT', [uri]: account })).toBe(403);
    expect(await verdict({ [method]: 'GET', [uri]: `${account}/api-keys` })).toBe(403);
  });

  test("a client's own copy of the other pair changes nothing", async () => {
    const allowed = { [otherMethod]: 'GET', [otherUri]: account };
    expect(await verdict({ [method]: 'GET', [uri]: `${account}/api-keys`, ...allowed })).toBe(403);
    expect(await verdict(allowed)).toBe(403);
    expect(await verdict({ ...allowed, [method]: 'GET' })).toBe(403);
    expect(await verdict({ ...allowed, [uri]: account })).toBe(403);
  });

  test.each([
    ['no pair', {}],
    ['no method', { [uri]: account }],
    ['no URI', { [method]: 'GET' }],
    ['an empty method', { [method]: '', [uri]: account }],
    ['an empty URI', { [method]: 'GET', [uri]: '' }],
    ['the whole address', { [method]: 'GET', [uri]: `http://panel.test${account}` }],
  ])('%s is refused to a key with scopes', async (_what, headers) => {
    expect(await verdict(headers)).toBe(403);
  });

  test.each([
    [[`${method}: GET`, `${uri}: ${account}`, `${uri}: ${account}`]],
    [[`${method}: GET`, `${method}: GET`, `${uri}: ${account}`]],
  ])('a pair that is told twice is refused: %j', async (lines) => {
    const all = [`authorization: Bearer ${reader.bearer}`, ...lines, 'host: x', 'connection: close'];
    expect(await sendBytes(service.url, `GET /authorize HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 403 /,
    );
  });

  test.each([
    ['no key', ''],
    ['another scheme', 'Basic dXNlcjpwYXNzd29yZA=='],
    ['a key that is none', `Bearer ${'x'.repeat(48)}`],
    ['a key in other letters', 'reader in upper case'],
  ])('%s is 401', async (_what, authorization) => {
    const sent = authorization.startsWith('reader')
      ? `Bearer ${reader.identifier.toUpperCase()}${reader.secret}`
      : authorization;
    const headers = { [method]: 'GET', [uri]: account, authorization: sent };
    expect((await send(service.url, { path: '/authorize', headers })).status).toBe(401);
  });

  test('what a proxy sends beside the pair does not matter', async () => {
    const beside = {
      'user-agent': 'curl/8.5.0',
      accept: '*/*',
      'accept-encoding': 'gzip',
      'content-type': 'application/json',
      'x-forwarded-for': '198.51.100.7',
      'x-forwarded-host': 'panel.example.com',
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
      'x-forwarded-server': 'traefik-5d9c',
      'x-real-ip': '198.51.100.7',
    };
    expect(await verdict({ ...beside, [method]: 'GET', [uri]: `/index.php${account}?x=%41` })).toBe(204);
    expect(await verdict({ ...beside, [method]: 'GET', [uri]: '/%61pi/client/account/api-keys' })).toBe(403);
  });

  test('nothing but GET is asked', async () => {
    const headers = { [method]: 'GET', [uri]: account };
    const asked = { method: 'POST', path: '/authorize', key: reader.bearer, headers };
    expect((await send(service.url, asked)).status).toBe(405);
  });
});

describe('scopes.authorize_from', () => {
  async function verdictFrom(service: RunningService, from: string): Promise<number> {
    const headers = {
      'x-original-method': 'GET',
      'x-original-uri': account,
      // Who connects counts, not whom they claim to speak for.
      'x-forwarded-for': '127.0.0.1, 127.0.0.2, 127.0.1.77',
    };
    return (await send(service.url, { path: '/authorize', key: reader.bearer, headers, from })).status;
  }

  test.each([
    ['127.0.0.1,::1', { '127.0.0.1': 204, '127.0.0.2': 403, '127.0.1.77': 403 }],
    [' 10.0.0.0/8 , 127.0.0.2,127.0.1.0/24 ', { '127.0.0.1': 403, '127.0.0.2': 204, '127.0.1.77': 204 }],
    ['', { '127.0.0.1': 403 }],
  ])('%j lets ask: %j', async (authorize_from, expected) => {
    const service = await start({
      SIDECAR_SCOPES_AUTHORIZE_FROM: authorize_from,
      SIDECAR_TRUSTED_PROXIES: '*',
    });
    const verdicts = [];
    for (const from of Object.keys(expected)) verdicts.push([from, await verdictFrom(service, from)]);
    await service.stop();
    expect(Object.fromEntries(verdicts)).toEqual(expected);
  });

  test('what is no address keeps the service from starting', async () => {
    await expect(start({ SIDECAR_SCOPES_AUTHORIZE_FROM: '127.0.0.1, nginx' })).rejects.toThrow(
      'panel-sidecar: scopes.authorize_from: "nginx" is neither an address nor a CIDR range',
    );
  });
});

test('the service does not start without enforcement while keys have scopes', async () => {
  await expect(start({ SIDECAR_SCOPES_ENFORCE: 'false' })).rejects.toThrow(
    '1 keys have scopes, which nothing enforces while scopes.enforce is false',
  );
});
