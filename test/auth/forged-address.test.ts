import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells, pterodactyl } from '../support/cells.ts';
import { send } from '../support/client.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { PanelSeed, type SeededUser } from '../support/seed.ts';
import { type RunningService, startService } from '../support/service.ts';
import { keysOf, unlimited } from '../support/sidecar.ts';

/** Where a service listens, and the addresses that its clients connect to. */
const listeners = [
  { listen: '127.0.0.1:0', hosts: ['127.0.0.1'] },
  { listen: '[::1]:0', hosts: ['[::1]'] },
  // Of both families: IPv4 clients show as `::ffff:127.0.0.1`.
  { listen: '[::]:0', hosts: ['127.0.0.1', '[::1]'] },
] as const;
type Listener = (typeof listeners)[number];
type Way = { readonly listen: string; readonly host: string };
const waysOf = (some: readonly Listener[]): readonly Way[] =>
  some.flatMap(({ listen, hosts }) => hosts.map((host) => ({ listen, host })));

const proxies = '127.0.0.1,::1,10.0.0.0/8,fd00::/8,::ffff:172.16.0.0/108';

describe.each(cells)('addresses that callers claim, %s', (cell) => {
  // What an address is hangs on no panel or database: beyond the first cell, the listener that has everything will do.
  const some = cell === pterodactyl ? listeners : listeners.slice(-1);
  const ways = waysOf(some);
  let panel: PanelDatabase;
  let seed: PanelSeed;
  let admin: SeededUser;
  let path: string;
  /** A key that may be used from nowhere near, so that its refusal tells the address. */
  let key: string;
  const services = new Map<string, RunningService>();

  beforeAll(async () => {
    panel = await createPanelDatabase(cell.panel, cell.on);
    seed = new PanelSeed(panel);
    admin = await seed.user({ admin: true });
    path = keysOf(await seed.user());
    key = (await seed.key(admin, { allowedIps: '["203.0.113.254"]' })).bearer;
    for (const [name, trusted] of [
      ['chain', proxies],
      ['nobody', ''],
      ['*', '*'],
    ] as const) {
      for (const { listen } of some) {
        const env = { ...unlimited, TRUSTED_PROXIES: trusted };
        const args = ['--listen', listen];
        services.set(`${name} ${listen}`, await startService(panel.folder, { args, env }));
      }
    }
  });
  afterAll(async () => {
    for (const service of services.values()) await service.stop();
    await panel?.drop();
  });

  function urlOf(name: string, { listen, host }: Way): string {
    const url = services.get(`${name} ${listen}`)?.url ?? '';
    return url.replace(/\/\/.*:/, `//${host}:`);
  }

  /** The address that a request is taken to come from. */
  async function seen(url: string, header: string | readonly string[] | null): Promise<string> {
    const headers =
      header === null ? {} : { 'x-forwarded-for': typeof header === 'string' ? header : [...header] };
    const answer = await send(url, { path, key, headers });
    return /IP address \((.*?)\)/.exec(answer.text)?.[1] ?? answer.text;
  }

  const peerOf = ({ host }: Way) => (host === '[::1]' ? '::1' : '127.0.0.1');

  describe.each(ways)('by way of $host, where the service listens on $listen', (way) => {
    it.each([
      ['192.0.2.1', '192.0.2.1'],
      ['192.0.2.1, 10.1.1.1, 172.31.0.1, fd00::5', '192.0.2.1'],
      ['203.0.113.254, 192.0.2.1', '192.0.2.1'],
      ['203.0.113.254, 10.0.0.1, 192.0.2.1, 10.0.0.2', '192.0.2.1'],
      ['  203.0.113.254 ,\t192.0.2.1\t, 10.0.0.2  ', '192.0.2.1'],
      ['203.0.113.254,192.0.2.1:4711', '192.0.2.1'],
      ['203.0.113.254, ::ffff:192.0.2.1', '192.0.2.1'],
      ['203.0.113.254, ::ffff:c000:201', '192.0.2.1'],
      ['203.0.113.254, 192.0.2.1, ::ffff:10.0.0.1, ::FFFF:172.16.0.9', '192.0.2.1'],
      ['203.0.113.254, [2001:DB8::0:1]:443', '2001:db8::1'],
      ['203.0.113.254, 2001:db8:0:0:0:0:0:1, fdff::1', '2001:db8::1'],
      ['203.0.113.254, fe80::1%eth0', 'fe80::1'],
      ['203.0.113.254, [fe80::1%eth0]:80, 10.0.0.1', 'fe80::1'],
      ['203.0.113.254, 172.32.0.1', '172.32.0.1'],
      ['203.0.113.254, fc00::1', 'fc00::1'],
      ['203.0.113.254, 192.0.2.1,,', '192.0.2.1'],
      ['10.1.1.1, 10.2.2.2', '10.1.1.1'],
      ['203.0.113.254, unknown, 10.0.0.7', '10.0.0.7'],
      ['203.0.113.254, for=192.0.2.1;proto=https, 10.0.0.7', '10.0.0.7'],
      ['203.0.113.254, 192.0.2.01, 10.0.0.7', '10.0.0.7'],
      ['203.0.113.254, 3221225985, 10.0.0.7', '10.0.0.7'],
      ['203.0.113.254, 192.0.2.*, 10.0.0.7', '10.0.0.7'],
      ['203.0.113.254, 192.0.2.0/24, 10.0.0.7', '10.0.0.7'],
    ])('X-Forwarded-For %j from a chain of trusted proxies means %s', async (header, address) => {
      expect(await seen(urlOf('chain', way), header)).toBe(address);
    });

    it('several headers are one list', async () => {
      expect(await seen(urlOf('chain', way), ['203.0.113.254', '192.0.2.1, 10.0.0.1', '10.0.0.2'])).toBe(
        '192.0.2.1',
      );
    });

    it.each([
      null,
      '',
      ' , ',
      'unknown',
      '203.0.113.254, unknown',
      '203.0.113.254 192.0.2.1',
      '[',
      '%',
      ':%',
    ])('without an address in X-Forwarded-For (%j) it is the proxy’s', async (header) => {
      expect(await seen(urlOf('chain', way), header)).toBe(peerOf(way));
    });

    it('without trusted proxies nothing in a header counts', async () => {
      for (const header of [
        '203.0.113.254',
        '203.0.113.254, 127.0.0.1',
        '::ffff:203.0.113.254',
        '127.0.0.1, ::1',
      ])
        expect(await seen(urlOf('nobody', way), header)).toBe(peerOf(way));
    });

    it('where whoever connects is trusted, the right-most counts, and no other', async () => {
      const url = urlOf('*', way);
      expect(await seen(url, '203.0.113.254, 192.0.2.1')).toBe('192.0.2.1');
      expect(await seen(url, '203.0.113.254, 10.0.0.1')).toBe('10.0.0.1');
      expect(await seen(url, `203.0.113.254, 192.0.2.1, ${peerOf(way)}`)).toBe('192.0.2.1');
      expect(await seen(url, '203.0.113.254, unknown')).toBe(peerOf(way));
    });

    it('whatever a client claims, it is the address that the first trusted proxy saw', async () => {
      const part = fc.oneof(
        fc.ipV4(),
        fc.ipV6(),
        fc.constantFrom(
          '203.0.113.254',
          '127.0.0.1',
          '::1',
          '10.0.0.1',
          'unknown',
          '',
          '*',
          '%',
          '[',
          '::ffff:',
        ),
        // What Node's client lets into a header.
        fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) }),
      );
      const trusted = fc.constantFrom(
        '10.9.9.9',
        'fd12::1',
        '::ffff:10.1.1.1',
        '172.20.0.1',
        '[fd00::1]:80',
        '10.0.0.1:80',
      );
      const client = fc.constantFrom('192.0.2.77', '2001:db8::77', '11.0.0.1', '172.15.255.255', 'fe00::1');
      await fc.assert(
        fc.asyncProperty(
          fc.array(part),
          client,
          fc.array(trusted, { maxLength: 4 }),
          async (claims, real, hops) => {
            expect(await seen(urlOf('chain', way), [...claims, real, ...hops].join(','))).toBe(real);
          },
        ),
        { numRuns: 60 },
      );
    });
  });

  it.each([
    ['["192.0.2.0/24"]', '192.0.2.9', true],
    ['["192.0.2.0/24"]', '::ffff:192.0.2.9', true],
    ['["192.0.2.0/24"]', '::ffff:c000:209', true],
    ['["::ffff:192.0.2.0/120"]', '192.0.2.9', true],
    ['["::ffff:192.0.2.9"]', '::ffff:192.0.2.9', true],
    ['["192.0.2.9"]', '192.0.2.9, 192.0.2.10', false],
    ['["192.0.2.9"]', '192.0.2.9, unknown', false],
    ['["2001:db8::/32"]', '[2001:DB8:0::9]:443', true],
    ['["2001:db8::/32"]', '2001:db9::9', false],
    ['["::/0"]', '192.0.2.9', false],
    ['["0.0.0.0/0"]', '2001:db8::9', false],
    ['["fe80::/10"]', 'fe80::9%eth0', true],
    // Not those of the proxies.
    ['["127.0.0.0/8", "::1", "10.0.0.0/8"]', '192.0.2.9, 10.0.0.1', false],
  ])('an allow-list of %s admits X-Forwarded-For %j: %s', async (allowedIps, header, admitted) => {
    const { bearer } = await seed.key(admin, { allowedIps });
    for (const way of ways) {
      const headers = { 'x-forwarded-for': header };
      const { status } = await send(urlOf('chain', way), { path, key: bearer, headers });
      expect([way.listen, way.host, status]).toEqual([way.listen, way.host, admitted ? 200 : 403]);
    }
  });

  it.each([
    ['["127.0.0.1"]', '127.0.0.1'],
    ['["::ffff:127.0.0.1"]', '127.0.0.1'],
    ['["127.0.0.0/8"]', '127.0.0.1'],
    ['["::1"]', '[::1]'],
    ['["::/64"]', '[::1]'],
    ['["0:0:0:0:0:0:0:1"]', '[::1]'],
  ])('an allow-list of %s admits who connects from %s, and nobody else', async (allowedIps, from) => {
    const { bearer } = await seed.key(admin, { allowedIps });
    for (const way of ways) {
      const { status } = await send(urlOf('nobody', way), { path, key: bearer });
      expect([way.listen, way.host, status]).toEqual([way.listen, way.host, way.host === from ? 200 : 403]);
    }
  });
});
