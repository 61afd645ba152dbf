import type { LookupAddress } from 'node:dns';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isPublicAddress,
  PrivateAddressError,
  publicLookup,
  requirePublicHost,
} from '../../src/webhooks/address.ts';

const quad = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');

/** IPv4 blocks that are not on the public internet (IANA's registry, private and cloud networks). */
const closedBlocks = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24'],
  ...['203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
];

/** Addresses of a block. */
function within(block: string): fc.Arbitrary<string> {
  const [start = '', length = ''] = block.split('/');
  const first = start.split('.').reduce((value, part) => value * 256 + Number(part), 0);
  return fc.integer({ min: 0, max: 2 ** (32 - Number(length)) - 1 }).map((offset) => quad(first + offset));
}

describe.each(closedBlocks)('%s', (block) => {
  test('is refused, plain and in the forms of IPv6 that stand for IPv4', () => {
    fc.assert(
      fc.property(within(block), (address) => {
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
        const words = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
        const forms = [
          ...[address, `::ffff:${address}`, `::ffff:${words}`, `::${words}`, `64:ff9b::${address}`],
          ...[`2002:${words}::1`, `::ffff:0:${words}`],
        ];
        expect(forms.filter(isPublicAddress)).toEqual([]);
      }),
    );
  });
});

test.each([
  ...['::', '::1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '100::1'],
  ...['2001:db8::1', '2001::1', '2001:2::1', '4000::1', '64:ff9b:1::1'],
])('%s is refused', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each([
  ...[
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
  ],
  ...['169.253.255.255', '172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0', '223.255.255.255'],
  ...['::ffff:1.1.1.1', '2600::1', '2a01:4f8::1'],
])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

describe('a host that is an address', () => {
  test.each([
    ['https://127.1/', '127.0.0.1'],
    ['https://0x7f000001/', '127.0.0.1'],
    ['https://2130706433/', '127.0.0.1'],
    ['https://[::1]/', '::1'],
    ['https://[::ffff:10.0.0.1]/', '::ffff:a00:1'],
  ])('%s is refused', (url, address) => {
    const check = () => requirePublicHost(new URL(url).hostname);
    expect(check).toThrow(PrivateAddressError);
    expect(check).toThrow(`${address} is no public address, which needs allow_private`);
  });

  test.each(['https://1.1.1.1/', 'https://[2600::1]/', 'https://10.example/'])('%s is not', (url) => {
    expect(() => requirePublicHost(new URL(url).hostname)).not.toThrow();
  });
});

describe('looking a name up', () => {
  /** What a connection would get, where the name means these addresses. */
  function lookUp(addresses: readonly string[], all: boolean): Promise<unknown> {
    const found: LookupAddress[] = addresses.map((address) => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }));
    const lookup = publicLookup((_hostname, options, callback) => {
      expect(options.all).toBe(true);
      callback(null, found);
    });
    return new Promise((resolve, reject) => {
      lookup('hooks.example', { all }, (error, result, family) => {
        if (error === null) resolve(all ? result : { address: result, family });
        else reject(error);
      });
    });
  }

  test('hands out the public addresses among all', async () => {
    const found = await lookUp(['10.0.0.1', '1.1.1.1', '::1', '2600::1'], true);
    expect(found).toEqual([
      { address: '1.1.1.1', family: 4 },
      { address: '2600::1', family: 6 },
    ]);
  });

  test('hands out the first public one where one is wanted', async () => {
    expect(await lookUp(['10.0.0.1', '2600::1', '1.1.1.1'], false)).toEqual({
      address: '2600::1',
      family: 6,
    });
  });

  test.each([true, false])('is refused where there is none (all: %s)', async (all) => {
    await expect(lookUp(['169.254.169.254', '::1'], all)).rejects.toThrow(
      new PrivateAddressError('169.254.169.254'),
    );
  });

  test('passes a failure on', async () => {
    const failure = Object.assign(new Error('no'), { code: 'ENOTFOUND' });
    const lookup = publicLookup((_hostname, _options, callback) => callback(failure, []));
    const error = await new Promise((resolve) => lookup('x.example', {}, (reason) => resolve(reason)));
    expect(error).toBe(failure);
  });
});
