import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pterodactyl } from '../support/cells.ts';
import type { SeededKey } from '../support/seed.ts';
import { freeOn, keysOf, type Sidecar, startSidecar } from '../support/sidecar.ts';

let sidecar: Sidecar;
let path: string;
let key: SeededKey;

async function start(env: Record<string, string>) {
  sidecar = await startSidecar(pterodactyl, { env });
  const admin = await sidecar.seed.user({ admin: true });
  path = keysOf(await sidecar.seed.user());
  key = await sidecar.seed.key(admin, { allowedIps: '["192.0.2.1"]' });
}

/** The address that a request was taken to come from, as its refusal tells; 192.0.2.1 is let in. */
async function seenAddress(headers: Record<string, string>, from?: string): Promise<string> {
  const answer = await sidecar.send({ path, key: key.bearer, headers, ...(from ? { from } : {}) });
  if (answer.status === 200) return '192.0.2.1';
  return /IP address \((.*?)\)/.exec(answer.text)?.[1] ?? answer.text;
}

describe('without trusted proxies', () => {
  beforeAll(() => start({}));
  afterAll(() => sidecar.close());

  it.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip', 'x-client-ip'])(
    '%s is not believed',
    async (name) => {
      const value = name === 'forwarded' ? 'for=192.0.2.1' : '192.0.2.1';
      expect(await seenAddress({ [name]: value })).toBe('127.0.0.1');
    },
  );

  it('links are made from the Host header alone', async () => {
    const { seed, send } = sidecar;
    const node = await seed.node(2);
    const admin = await seed.key(await seed.user({ admin: true }));
    const headers = {
      host: 'panel.test:8080',
      'x-forwarded-host': 'evil.test',
      'x-forwarded-proto': 'https',
    };
    const answer = await send({ path: `${freeOn(node)}?per_page=1`, key: admin.bearer, headers });
    expect(answer.json).toMatchObject({
      meta: { pagination: { links: { next: `http://panel.test:8080${freeOn(node)}?per_page=1&page=2` } } },
    });
  });
});

describe('with 127.0.0.1 and 10.0.0.0/8 as trusted proxies', () => {
  beforeAll(() => start({ TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8' }));
  afterAll(() => sidecar.close());

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1, 10.1.1.1', '192.0.2.1'],
    ['192.0.2.1, 203.0.113.9', '203.0.113.9'],
    ['192.0.2.1, 203.0.113.9, 10.1.1.1', '203.0.113.9'],
    ['10.2.2.2, 10.1.1.1', '10.2.2.2'],
    ['192.0.2.1:4711', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['[2001:DB8::0:1]:80', '2001:db8::1'],
    ['garbage', '127.0.0.1'],
    ['', '127.0.0.1'],
    ['192.0.2.1, garbage', '127.0.0.1'],
  ])('X-Forwarded-For %j means %s', async (header, address) => {
    expect(await seenAddress({ 'x-forwarded-for': header })).toBe(address);
  });

  it('only a trusted peer is believed', async () => {
    expect(await seenAddress({ 'x-forwarded-for': '192.0.2.1' }, '127.0.0.2')).toBe('127.0.0.2');
  });

  it('the address in the audit is the resolved one', async () => {
    await seenAddress({ 'x-forwarded-for': '192.0.2.1' });
    const [row] = await sidecar.panel.query(
      "select ip from activity_logs where event = 'user:api-key.view' order by id desc limit 1",
    );
    expect(row?.ip).toBe('192.0.2.1');
  });
});

describe('with trusted proxies of its own', () => {
  beforeAll(() => start({ TRUSTED_PROXIES: '127.0.0.1', SIDECAR_TRUSTED_PROXIES: '127.0.0.3' }));
  afterAll(() => sidecar.close());

  it('they replace the panel’s', async () => {
    expect(await seenAddress({ 'x-forwarded-for': '192.0.2.1' })).toBe('127.0.0.1');
    expect(await seenAddress({ 'x-forwarded-for': '192.0.2.1' }, '127.0.0.3')).toBe('192.0.2.1');
  });
});
