import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type IpRange, isAllowedIp, parseAllowedIp, parseStoredIp } from '../../src/panel/ip-range.ts';

function ipv4(first: bigint, last: bigint): IpRange {
  return { family: 4, first, last };
}

function ipv6(first: bigint, last: bigint): IpRange {
  return { family: 6, first, last };
}

describe('both parsers read', () => {
  test.each<[string, IpRange]>([
    ['1.2.3.4', ipv4(0x01020304n, 0x01020304n)],
    ['10.1.2.3/8', ipv4(0x0a000000n, 0x0affffffn)],
    ['1.2.3.4/32', ipv4(0x01020304n, 0x01020304n)],
    ['1.2.3.4/31', ipv4(0x01020304n, 0x01020305n)],
    ['200.2.3.4/0', ipv4(0n, 0xffffffffn)],
    ['1.2.3.4-1.2.3.9', ipv4(0x01020304n, 0x01020309n)],
    ['1.2.3.4-1.2.3.4', ipv4(0x01020304n, 0x01020304n)],
    ['0.0.0.0-255.255.255.255', ipv4(0n, 0xffffffffn)],
    ['1.2.3.*', ipv4(0x01020300n, 0x010203ffn)],
    ['1.2.*.*', ipv4(0x01020000n, 0x0102ffffn)],
    ['1.*.*.*', ipv4(0x01000000n, 0x01ffffffn)],
    ['2001:db8::1', ipv6((0x20010db8n << 96n) | 1n, (0x20010db8n << 96n) | 1n)],
    ['2001:DB8::1/32', ipv6(0x20010db8n << 96n, (0x20010db9n << 96n) - 1n)],
    ['::1/128', ipv6(1n, 1n)],
    ['::/0', ipv6(0n, 2n ** 128n - 1n)],
    ['::1-::ff', ipv6(1n, 255n)],
    ['::1.2.3.4', ipv6(0x01020304n, 0x01020304n)],
    // IPv4 in IPv6's clothes.
    ['::ffff:1.2.3.4', ipv4(0x01020304n, 0x01020304n)],
    ['::ffff:102:304', ipv4(0x01020304n, 0x01020304n)],
    ['::ffff:1.2.3.4-::ffff:1.2.3.9', ipv4(0x01020304n, 0x01020309n)],
    ['::ffff:10.1.2.3/104', ipv4(0x0a000000n, 0x0affffffn)],
    ['::ffff:10.1.2.3/96', ipv4(0n, 0xffffffffn)],
    ['::ffff:1.2.3.4/128', ipv4(0x01020304n, 0x01020304n)],
    // Wider than the mapped block: IPv6.
    ['::ffff:10.1.2.3/95', ipv6(0xfffe_0000_0000n, 0xffff_ffff_ffffn)],
    ['::-::ffff:1.2.3.4', ipv6(0n, 0xffff_0102_0304n)],
    ['::ffff:1.2.3.4-::1:0:0:0', ipv6(0xffff_0102_0304n, 0x1_0000_0000_0000n)],
  ])('%s', (text, range) => {
    expect(parseAllowedIp(text)).toEqual(range);
    expect(parseStoredIp(text)).toEqual(range);
  });
});

describe('both parsers refuse', () => {
  test.each([
    '',
    ' ',
    'abc',
    'localhost',
    '999.1.1.1',
    '1.2.3',
    '01.2.3.4',
    '010.0.0.0/8',
    '0x7f.0.0.1',
    '1.2.3.4:80',
    '[::1]',
    '[::1]:80',
    'fe80::1%eth0',
    'fe80::%eth0/64',
    '1.2.3.4/33',
    '1.2.3.4/-1',
    '1.2.3.4/+8',
    '1.2.3.4/08',
    '1.2.3.4/00',
    '1.2.3.4/8.0',
    '1.2.3.4/8/8',
    '1.2.3.4/',
    '/8',
    '1.2.3.4/1e1',
    '1.2.3.4/999',
    '::1/129',
    '::ffff:1.2.3.4/129',
    '10.0.0.0/255.0.0.0',
    '1.2.3.0-1.2.3.9/24',
    '1.2.3.*/24',
    '1.2.3.9-1.2.3.4',
    '::2-::1',
    '1.2.3.4-',
    '-1.2.3.4',
    '-',
    '1.2.3.4-1.2.3.5-1.2.3.6',
    '1.2.3.4-9',
    '1.2.3.4-::ffff:1.2.3.9',
    '1.2.3.4-::1',
    '1.2.3.4 - 1.2.3.9',
    '1.2.3.4- 1.2.3.9',
    '1.2.3.*-1.2.4.*',
    '*',
    '*.*.*.*',
    '*.2.3.4',
    '1.*.3.4',
    '1.2.*.4',
    '1.*.*',
    '1.2.3.4.*',
    '1.2.3*',
    '1.2.3.**',
    '1.2.3.1*',
    '01.2.3.*',
    '256.2.3.*',
    '2001:db8::*',
    '::ffff:1.2.3.*',
    '1.2.3.4,5.6.7.8',
    '1.2.3.4\n',
    '\t1.2.3.4',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.4 255.255.0.255',
    '1.2.3.4  255.255.255.0',
    '1.2.3.4 24',
    '1.2.3.4 255.255.255.0 ',
    '1.2.3.4 ::',
    '::ffff:1.2.3.4 255.255.255.0',
    '4294967296',
    '016909060',
    '+16909060',
    '-1',
    '1.5',
    '1e3',
    '0x1020304',
    '0x010203045',
    '0X01020304',
    '0xg1020304',
    '0b01',
    `0b${'1'.repeat(33)}`,
    `0b${'2'.repeat(32)}`,
  ])('%j', (text) => {
    expect(parseAllowedIp(text)).toBeNull();
    expect(parseStoredIp(text)).toBeNull();
  });
});

describe('only parseStoredIp reads', () => {
  test.each<[string, IpRange]>([
    ['10.1.2.3 255.0.0.0', ipv4(0x0a000000n, 0x0affffffn)],
    ['1.2.3.4 255.255.255.255', ipv4(0x01020304n, 0x01020304n)],
    ['1.2.3.4 0.0.0.0', ipv4(0n, 0xffffffffn)],
    ['2001:db8::1 ffff:ffff::', ipv6(0x20010db8n << 96n, (0x20010db9n << 96n) - 1n)],
    ['::ffff:10.1.2.3 ffff:ffff:ffff:ffff:ffff:ffff:ff00:0', ipv4(0x0a000000n, 0x0affffffn)],
    ['0', ipv4(0n, 0n)],
    ['16909060', ipv4(0x01020304n, 0x01020304n)],
    ['4294967295', ipv4(0xffffffffn, 0xffffffffn)],
    ['0x01020304', ipv4(0x01020304n, 0x01020304n)],
    ['0xfFfFfFfF', ipv4(0xffffffffn, 0xffffffffn)],
    ['0b00000001000000100000001100000100', ipv4(0x01020304n, 0x01020304n)],
    ['16909060/24', ipv4(0x01020300n, 0x010203ffn)],
    ['0x01020304-1.2.3.9', ipv4(0x01020304n, 0x01020309n)],
    ['167838211 0xff000000', ipv4(0x0a000000n, 0x0affffffn)],
  ])('%s', (text, range) => {
    expect(parseStoredIp(text)).toEqual(range);
    expect(parseAllowedIp(text)).toBeNull();
  });
});

describe('what the panel was seen to accept and refuse', () => {
  const recorded = readFileSync(new URL('../recorded/pterodactyl.jsonl', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"name":"create allowed_ips'))
    .flatMap((line) => entriesOf(JSON.parse(line)));

  test('is recorded', () => {
    expect(recorded.filter(({ accepted }) => accepted).length).toBeGreaterThan(100);
    expect(new Set(recorded.filter(({ accepted }) => !accepted).map(({ entry }) => entry))).toEqual(
      new Set([
        '1.2.3.4/33',
        '1.2.3.4/-1',
        '1.2.3.9-1.2.3.4',
        '10.0.0.0/255.0.0.0',
        'abc',
        '999.1.1.1',
        '1.2.3.4:80',
      ]),
    );
  });

  test.each(recorded)('$entry: $accepted', ({ entry, accepted }) => {
    // The panel trims every text of a request before its rules see it.
    expect(parseAllowedIp(entry.trim()) !== null).toBe(accepted);
  });

  interface Recording {
    readonly request: { readonly body: string };
    readonly response: {
      readonly status: number;
      readonly body: {
        readonly errors?: readonly { readonly meta?: { source_field: string; rule: string } }[];
      };
    };
  }

  function entriesOf({ request, response }: Recording): { entry: string; accepted: boolean }[] {
    const list: unknown = JSON.parse(request.body).allowed_ips ?? [];
    if (typeof list !== 'object' || list === null) return [];
    const refused = (response.body.errors ?? [])
      .filter(({ meta }) => meta?.rule === '')
      .map(({ meta }) => meta?.source_field);
    return Object.entries(list)
      .filter((pair): pair is [string, string] => typeof pair[1] === 'string')
      .map(([index, entry]) => ({
        entry,
        accepted: response.status !== 500 && !refused.includes(`allowed_ips.${index}`),
      }));
  }
});

describe('isAllowedIp', () => {
  test('restricts nothing by an empty list', () => {
    expect(isAllowedIp([], '8.8.8.8', unexpected)).toBe(true);
    expect(isAllowedIp([], 'no address', unexpected)).toBe(true);
  });

  test.each<[string[], string, boolean]>([
    [['10.9.9.9'], '127.0.0.1', false],
    [['10.9.9.9', '127.0.0.0/8'], '127.0.0.1', true],
    [['10.0.0.0/24', '::1'], '10.0.0.255', true],
    [['10.0.0.0/24', '::1'], '10.0.1.0', false],
    [['10.0.0.0/24', '::1'], '0:0:0:0:0:0:0:1', true],
    [['0.0.0.0/0'], '::1', false],
    [['0.0.0.0/0'], '2001:db8::1', false],
    [['::/0'], '1.2.3.4', false],
    [['::/0'], '::ffff:1.2.3.4', false],
    [['1.2.3.4'], '::ffff:1.2.3.4', true],
    [['1.2.3.4'], '::FFFF:102:304', true],
    [['1.2.3.4'], '::1.2.3.4', false],
    [['::ffff:1.2.3.4'], '1.2.3.4', true],
    [['::ffff:1.2.3.0/120'], '1.2.3.77', true],
    [['::1.2.3.4'], '1.2.3.4', false],
    [['10.0.0.0 255.0.0.0'], '10.255.0.1', true],
    [['0.0.0.0/0', '::/0'], '', false],
    [['0.0.0.0/0', '::/0'], 'fe80::1%eth0', false],
  ])('%j and %s: %s', (stored, address, isAllowed) => {
    expect(isAllowedIp(stored, address, unexpected)).toBe(isAllowed);
  });

  test('names the entries that it cannot read, and matches nothing by them', () => {
    const unparsable: string[] = [];
    const note = (entry: string) => unparsable.push(entry);
    expect(isAllowedIp(['nonsense', '1.2.3.4/33', ''], '1.2.3.4', note)).toBe(false);
    expect(unparsable).toEqual(['nonsense', '1.2.3.4/33', '']);
  });

  test('stops at the first match, as the panel does', () => {
    const unparsable: string[] = [];
    const note = (entry: string) => unparsable.push(entry);
    expect(isAllowedIp(['first', '1.2.3.4', 'second'], '1.2.3.4', note)).toBe(true);
    expect(unparsable).toEqual(['first']);
  });
});

function unexpected(entry: string): never {
  throw new Error(`"${entry}" was not read.`);
}
