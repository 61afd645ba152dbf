import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pterodactyl } from '../support/cells.ts';
import { refusalOf } from '../support/client.ts';
import { keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';

let sidecar: Sidecar;

async function start(env: Record<string, string>, args: string[] = []) {
  sidecar = await startSidecar(pterodactyl, { env, args });
}

const forOperators = [
  '/metrics',
  '/openapi.json',
  '/docs',
  '/docs/',
  '/docs/static/index.css',
  '/docs/json',
  '/docs/yaml',
];
const hidden = (path: string) => {
  const name = path.replace(/^\/|\/$/g, '');
  return `404 NotFoundHttpException: The route ${name} could not be found.`;
};

async function statusOf(path: string, headers: Record<string, string> = {}): Promise<number> {
  const answer = await sidecar.send({ path, headers });
  if (answer.status === 404) expect(refusalOf(answer)).toBe(hidden(path));
  return answer.status;
}

describe('without trusted proxies', () => {
  beforeAll(() => start({}));
  afterAll(() => sidecar.close());

  it.each(forOperators)('%s answers on this machine', async (path) => {
    expect([200, 302]).toContain(await statusOf(path));
  });

  it.each(forOperators)('%s does not answer what a proxy passed on', async (path) => {
    expect(await statusOf(path, { 'x-forwarded-for': '203.0.113.9' })).toBe(404);
    expect(await statusOf(path, { 'x-forwarded-for': '127.0.0.1' })).toBe(404);
    expect(await statusOf(path, { 'x-forwarded-for': '' })).toBe(404);
  });

  it('what is hidden looks like any unknown path, with a query too', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    const answer = await sidecar.send({ path: '/metrics?x=1', headers });
    const unknown = await sidecar.send({ path: '/nothing?x=1', headers });
    expect(refusalOf(answer).replace('metrics', 'nothing')).toBe(refusalOf(unknown));
  });

  it('health is nobody’s secret', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    expect((await sidecar.send({ path: '/healthz', headers })).json).toEqual({ status: 'ok' });
    expect((await sidecar.send({ path: '/readyz', headers })).json).toEqual({ status: 'ok', database: 'ok' });
  });

  it('metrics count answers by route, never by path', async () => {
    const { seed, send } = sidecar;
    const key = await seed.key(await seed.user({ admin: true }));
    await send({ path: keysOf(await seed.user()), key: key.bearer });
    await send({ path: keysOf({ id: 999_999 }), key: key.bearer });
    await send({ path: '/somewhere/else' });
    await send({ path: keysOf({ id: 1 }) });
    const { text, headers } = await send({ path: '/metrics' });
    expect(headers['content-type']).toMatch(/^text\/plain/);
    const requests = text.split('\n').filter((line) => line.startsWith('panel_sidecar_requests_total{'));
    const route = 'route="/api/application/users/{user}/api-keys"';
    expect(requests).toContain(`panel_sidecar_requests_total{method="GET",${route},status="200"} 1`);
    expect(requests).toContain(`panel_sidecar_requests_total{method="GET",${route},status="404"} 1`);
    expect(requests).toContain(`panel_sidecar_requests_total{method="GET",${route},status="401"} 1`);
    expect(text).toContain('panel_sidecar_authentication_failures_total{cause="unknown"} 1\n');
    expect(text).not.toContain('users/999999');
    expect(text).not.toContain('somewhere');
  });
});

describe('with a trusted proxy', () => {
  beforeAll(() => start({ TRUSTED_PROXIES: '127.0.0.1' }));
  afterAll(() => sidecar.close());

  it.each(forOperators)('%s answers only those on this machine', async (path) => {
    expect(await statusOf(path, { 'x-forwarded-for': '203.0.113.9' })).toBe(404);
    expect(await statusOf(path, { 'x-forwarded-for': '127.0.0.1, 203.0.113.9' })).toBe(404);
    expect(await statusOf(path, { 'x-forwarded-for': '127.0.0.1' })).toBe(404);
    expect([200, 302]).toContain(await statusOf(path));
  });
});

describe('on a socket for both families', () => {
  beforeAll(() => start({}, ['--listen', '[::ffff:127.0.0.1]:0']));
  afterAll(() => sidecar.close());

  it('what a proxy on this machine passed on is not taken for local', async () => {
    expect(await statusOf('/metrics')).toBe(200);
    expect(await statusOf('/metrics', { 'x-forwarded-for': '203.0.113.9' })).toBe(404);
  });

  it('callers are known by their IPv4 address', async () => {
    const { panel, seed, send } = sidecar;
    const key = await seed.key(await seed.user({ admin: true }), { allowedIps: '["127.0.0.1"]' });
    expect((await send({ path: keysOf(await seed.user()), key: key.bearer })).status).toBe(200);
    const [row] = await panel.query('select ip from activity_logs where api_key_id = ?', [key.id]);
    expect(row?.ip).toBe('127.0.0.1');
  });
});

describe('made public', () => {
  beforeAll(() => start({ SIDECAR_PUBLIC_METRICS: 'true', SIDECAR_PUBLIC_DOCS: 'true' }));
  afterAll(() => sidecar.close());

  it.each(forOperators)('%s answers everybody', async (path) => {
    expect([200, 302]).toContain(await statusOf(path, { 'x-forwarded-for': '203.0.113.9' }));
  });
});

describe('metrics public, docs not', () => {
  beforeAll(() => start({ SIDECAR_PUBLIC_METRICS: 'true' }));
  afterAll(() => sidecar.close());

  it('each setting opens its own', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    expect(await statusOf('/metrics', headers)).toBe(200);
    expect(await statusOf('/openapi.json', headers)).toBe(404);
  });
});
