import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ForwardingHeaders, parseTrustedProxies, resolveClient } from '../../src/http/client-ip.ts';
import { OperatorError } from '../../src/operator-error.ts';
import { anyIpv4 } from '../support/ip-model.ts';

const NOBODY = parseTrustedProxies('');
const PRIVATE = parseTrustedProxies('10.0.0.0/8');
const EVERY_PEER = parseTrustedProxies('*');

const FORGED: ForwardingHeaders = {
  host: 'panel.test',
  'x-forwarded-for': '8.8.8.8',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'evil.test',
  'x-forwarded-port': '8443',
};

function ipBehindProxy(forwardedFor: string | string[], trusted = PRIVATE, peer = '10.0.0.1'): string {
  return resolveClient(peer, { 'x-forwarded-for': forwardedFor }, trusted).ip;
}

function resolved(...request: Parameters<typeof resolveClient>) {
  const { ip, scheme, host } = resolveClient(...request);
  return { ip, scheme, host };
}

describe('parseTrustedProxies', () => {
  test.each(['', ' ', ',', ' , '])('%j trusts nobody', (text) => {
    expect(parseTrustedProxies(text)).toEqual({ everyPeer: false, ranges: [] });
  });

  test.each(['*', '**', ' * '])('%j trusts every peer', (text) => {
    expect(parseTrustedProxies(text)).toEqual({ everyPeer: true, ranges: [] });
  });

  test('reads addresses and blocks', () => {
    expect(parseTrustedProxies('127.0.0.1, 10.1.2.3/8,::1,')).toEqual({
      everyPeer: false,
      ranges: [
        { family: 4, first: 0x7f000001n, last: 0x7f000001n },
        { family: 4, first: 0x0a000000n, last: 0x0affffffn },
        { family: 6, first: 1n, last: 1n },
      ],
    });
  });

  test.each([
    ['proxy.test', 'proxy.test'],
    ['127.0.0.1,10.0.0.0/33', '10.0.0.0/33'],
    ['127.0.0.1 10.0.0.1', '127.0.0.1 10.0.0.1'],
    ['10.0.0.1-10.0.0.9', '10.0.0.1-10.0.0.9'],
    ['10.0.0.*', '10.0.0.*'],
    ['127.0.0.1,*', '*'],
    ['***', '***'],
    ['REMOTE_ADDR', 'REMOTE_ADDR'],
  ])('names what it cannot read in %j', (text, entry) => {
    expect(() => parseTrustedProxies(text)).toThrow(
      new OperatorError(
        `Trusted proxies: "${entry}" is neither an IP address nor a CIDR block. ` +
          'Write them with commas between, or a single * to trust whoever connects.',
      ),
    );
  });
});

describe('a peer that is not trusted', () => {
  test.each([
    ['127.0.0.1', NOBODY],
    ['127.0.0.1', PRIVATE],
    ['11.0.0.1', PRIVATE],
    ['::a00:1', PRIVATE],
  ])('%s is the client, whatever it sends', (peer, trusted) => {
    expect(resolved(peer, FORGED, trusted)).toEqual({ ip: peer, scheme: 'http', host: 'panel.test' });
  });

  test.each([
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::ffff:9.8.7.6', '9.8.7.6'],
    ['::1', '::1'],
    ['2001:db8::ffff:1', '2001:db8::ffff:1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('%s is written %s', (peer, ip) => {
    expect(resolveClient(peer, {}, NOBODY).ip).toBe(ip);
    expect(resolveClient(peer, {}, PRIVATE).ip).toBe(ip);
    expect(resolveClient(peer, {}, EVERY_PEER).ip).toBe(ip);
  });

  test('without an address is nobody', () => {
    expect(resolved('', FORGED, EVERY_PEER)).toEqual({ ip: '', scheme: 'http', host: 'panel.test' });
  });
});

describe('the address behind a trusted proxy', () => {
  // What Symfony's Request answers, but for the spelling of IPv6.
  test.each([
    ['10.1.2.3, 8.8.8.8', '8.8.8.8'],
    ['8.8.8.8', '8.8.8.8'],
    ['8.8.4.4, 8.8.8.8, 10.1.2.3', '8.8.8.8'],
    ['8.8.4.4,8.8.8.8', '8.8.8.8'],
    // All of them trusted: the left-most.
    ['10.1.2.3, 10.9.9.9', '10.1.2.3'],
    ['junk, 10.1.2.3', '10.1.2.3'],
    ['8.8.8.8, 10.1.2.3, , 10.1.2.4,', '8.8.8.8'],
    // No address in it: the peer.
    ['', '10.0.0.1'],
    [' , ', '10.0.0.1'],
    ['unknown', '10.0.0.1'],
    ['08.8.8.8', '10.0.0.1'],
    // Ports.
    ['8.8.8.8:1234', '8.8.8.8'],
    ['8.8.8.8, 10.1.2.3:80', '8.8.8.8'],
    ['[2001:db8::1]:80', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[]:80', '10.0.0.1'],
    // One spelling for one address.
    ['2001:DB8:0::1', '2001:db8::1'],
    ['::ffff:8.8.8.8', '8.8.8.8'],
    ['8.8.8.8, ::ffff:10.8.8.8', '8.8.8.8'],
  ])('of %j is %s', (forwardedFor, ip) => {
    expect(ipBehindProxy(forwardedFor)).toBe(ip);
  });

  test.each([
    ['8.8.8.8, unknown', '10.0.0.1'],
    ['8.8.8.8, 1.2.3.4.5', '10.0.0.1'],
    ['8.8.8.8, _hidden, 10.1.2.3', '10.1.2.3'],
    ['8.8.8.8, 8.8.4.4%eth0', '10.0.0.1'],
    ['8.8.8.8, 8.8.4.4 8.8.1.1', '10.0.0.1'],
    ['8.8.8.8, for=8.8.4.4', '10.0.0.1'],
    ['8.8.8.8, 134744072', '10.0.0.1'],
    ['8.8.8.8, 0x08080404', '10.0.0.1'],
    ['8.8.8.8, 010.1.2.3', '10.0.0.1'],
    ['8.8.8.8, ::ffff:8.8.4', '10.0.0.1'],
    ['8.8.8.8, [10.1.2.3', '10.0.0.1'],
  ])(
    'of %j is the proxy that sent what is no address, where Symfony goes on to what may be made up',
    (forwardedFor, ip) => {
      expect(ipBehindProxy(forwardedFor)).toBe(ip);
    },
  );

  test.each(['fe80::1%eth0', '[fe80::1%eth0]:80', 'fe80::1%25eth0'])('%s has its zone cut', (entry) => {
    expect(ipBehindProxy(`8.8.8.8, ${entry}`)).toBe('fe80::1');
  });

  test('of a bracket left open is the peer, where Symfony cuts a character off', () => {
    expect(ipBehindProxy('[::1')).toBe('10.0.0.1');
  });

  test('of several header lines is that of one list', () => {
    expect(ipBehindProxy(['8.8.4.4', '8.8.8.8, 10.1.2.3'])).toBe('8.8.8.8');
  });

  test('without the header is the peer', () => {
    expect(resolveClient('10.0.0.1', {}, PRIVATE).ip).toBe('10.0.0.1');
  });

  test('with a peer that Node writes as IPv6 is the same', () => {
    expect(ipBehindProxy('8.8.8.8', PRIVATE, '::ffff:10.0.0.1')).toBe('8.8.8.8');
  });

  test('with an IPv6 proxy', () => {
    const trusted = parseTrustedProxies('fd00::/8,10.0.0.0/8');
    expect(ipBehindProxy('2001:db8::1, fd00::2, 10.0.0.2', trusted, 'fd00::1')).toBe('2001:db8::1');
  });

  test('under * trusts the peer alone', () => {
    expect(ipBehindProxy('8.8.4.4, 8.8.8.8', EVERY_PEER, '9.9.9.9')).toBe('8.8.8.8');
    expect(ipBehindProxy('8.8.4.4, 8.8.8.8, 9.9.9.9', EVERY_PEER, '9.9.9.9')).toBe('8.8.8.8');
    expect(ipBehindProxy('8.8.4.4, 8.8.8.8', EVERY_PEER, '8.8.8.8')).toBe('8.8.4.4');
    expect(ipBehindProxy('9.9.9.9', EVERY_PEER, '9.9.9.9')).toBe('9.9.9.9');
    expect(ipBehindProxy('8.8.4.4, 9.9.9.9', EVERY_PEER, '::909:909')).toBe('9.9.9.9');
  });

  const anyProxy = fc.nat(0xff).map((octet) => `10.1.2.${octet}`);
  const anyForeign = fc.oneof(
    anyIpv4.filter(({ text }) => !text.startsWith('10.')).map(({ text }) => text),
    fc.nat(0xffff).map((group) => `2001:db8::1:${group.toString(16)}`),
  );
  /** Whatever a client may put into a header. */
  const anyClaim = fc.oneof(
    anyForeign,
    anyProxy,
    fc.constantFrom('unknown', '', '10.1.2.3.4', '127.0.0.1', '::1', '*'),
    fc.string({ unit: 'grapheme-ascii' }),
  );

  test('is the client that the first trusted proxy saw, whatever that client claimed', () => {
    fc.assert(
      fc.property(fc.array(anyClaim), anyForeign, fc.array(anyProxy), (claims, client, proxies) => {
        expect(ipBehindProxy([...claims, client, ...proxies].join(', '))).toBe(client);
      }),
      { numRuns: 1000 },
    );
  });

  test('is that of a proxy, where a proxy saw something that is no address', () => {
    const noAddress = fc.constantFrom(
      'unknown',
      '_x',
      '1.2.3.4.5',
      '1.2.3',
      '01.2.3.4',
      '::ffff:1.2.3',
      'a:b:c',
    );
    fc.assert(
      fc.property(fc.array(anyClaim), noAddress, fc.array(anyProxy), (claims, seen, proxies) => {
        const expected = proxies[0] ?? '10.0.0.1';
        expect(ipBehindProxy([...claims, seen, ...proxies].join(', '))).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });

  test('is an address for any header', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (header) => {
        expect(ipBehindProxy(header)).toMatch(/^[\da-f.:]+$/);
      }),
    );
  });
});

describe('the scheme', () => {
  test.each([
    ['https', 'https'],
    ['HTTPS', 'https'],
    ['https, http', 'https'],
    ['on', 'https'],
    ['1', 'https'],
    ['SSL', 'https'],
    ['http', 'http'],
    ['http, https', 'http'],
    ['wss', 'http'],
    ['', 'http'],
  ])('of X-Forwarded-Proto %j is %s', (proto, scheme) => {
    expect(resolveClient('10.0.0.1', { 'x-forwarded-proto': proto }, PRIVATE).scheme).toBe(scheme);
  });

  test('without the header is http', () => {
    expect(resolveClient('10.0.0.1', {}, PRIVATE).scheme).toBe('http');
  });

  test('of several header lines is the first', () => {
    expect(resolveClient('10.0.0.1', { 'x-forwarded-proto': ['https', 'http'] }, PRIVATE).scheme).toBe(
      'https',
    );
  });
});

describe('the host behind a trusted proxy', () => {
  test.each<[string, ForwardingHeaders, string | null]>([
    ['is the forwarded one', { host: 'a:8091', 'x-forwarded-host': 'b.test' }, 'b.test'],
    ['is the first forwarded one', { host: 'a', 'x-forwarded-host': 'B.test, c.test' }, 'b.test'],
    ['is the Host without a forwarded one', { host: 'a:8091' }, 'a:8091'],
    ['is the Host with an empty forwarded one', { host: 'a:8091', 'x-forwarded-host': ' ' }, 'a:8091'],
    ['is none if the forwarded one is malformed', { host: 'a', 'x-forwarded-host': 'b test' }, null],
    ['is none without any header', { 'x-forwarded-port': '8443' }, null],
    ['takes the forwarded port', { 'x-forwarded-host': 'b', 'x-forwarded-port': '8443' }, 'b:8443'],
    ['takes the first forwarded port', { host: 'b', 'x-forwarded-port': '8443, 80' }, 'b:8443'],
    ['keeps its own port', { 'x-forwarded-host': 'b:9000', 'x-forwarded-port': '8443' }, 'b:9000'],
    ['leaves port 80 out of http', { 'x-forwarded-host': 'b', 'x-forwarded-port': '80' }, 'b'],
    ['names port 443 in http', { 'x-forwarded-host': 'b', 'x-forwarded-port': '443' }, 'b:443'],
    [
      'leaves port 443 out of https',
      { 'x-forwarded-host': 'b', 'x-forwarded-port': '443', 'x-forwarded-proto': 'https' },
      'b',
    ],
    ['leaves its own port 443 out of https', { host: 'b:443', 'x-forwarded-proto': 'https' }, 'b'],
    ['names port 80 in https', { host: 'b:80', 'x-forwarded-proto': 'https' }, 'b:80'],
    ['takes no port 0', { host: 'b', 'x-forwarded-port': '0' }, 'b'],
    ['takes no port above 65535', { host: 'b', 'x-forwarded-port': '65536' }, 'b'],
    ['takes no port that is no number', { host: 'b', 'x-forwarded-port': '80a' }, 'b'],
  ])('%s', (_what, headers, host) => {
    expect(resolveClient('10.0.0.1', headers, PRIVATE).host).toBe(host);
  });
});
