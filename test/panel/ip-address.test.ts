import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatAddress,
  parseAddress,
  parseWrittenAddress,
  subscriberOf,
} from '../../src/panel/ip-address.ts';
import { anyIpv4, anyIpv6, writeIpv6 } from '../support/ip-model.ts';

describe('parseAddress', () => {
  test.each([
    ['1.2.3.4', 0x01020304n],
    ['0.0.0.0', 0n],
    ['255.255.255.255', 0xffffffffn],
    ['::ffff:1.2.3.4', 0x01020304n],
    ['::FFFF:102:304', 0x01020304n],
    ['0:0:0:0:0:ffff:1.2.3.4', 0x01020304n],
  ])('%s is IPv4', (text, value) => {
    expect(parseAddress(text)).toEqual({ family: 4, value });
  });

  test.each([
    ['::', 0n],
    ['::1', 1n],
    ['2001:DB8::a', 0x20010db8_00000000_00000000_0000000an],
    ['1:2:3:4:5:6:7::', 0x00010002_00030004_00050006_00070000n],
    ['::2:3:4:5:6:7:8', 0x00000002_00030004_00050006_00070008n],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 2n ** 128n - 1n],
    // IPv4-compatible, not IPv4-mapped: one more address of IPv6.
    ['::1.2.3.4', 0x01020304n],
    ['::fffe:1.2.3.4', 0xfffe_0102_0304n],
    ['::1:0:1.2.3.4', 0x1_0000_0102_0304n],
    ['64:ff9b::1.2.3.4', 0x0064ff9b_00000000_00000000_01020304n],
  ])('%s is IPv6', (text, value) => {
    expect(parseAddress(text)).toEqual({ family: 6, value });
  });

  test.each([
    '',
    ' ',
    'abc',
    '999.1.1.1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.',
    '.1.2.3',
    '01.2.3.4',
    '0x1.2.3.4',
    '0x01020304',
    '16909060',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.4\n',
    '1.2.3.4\u0000',
    '1.2.3.4:80',
    '1.2.3.4/32',
    '１.2.3.4',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'g::',
    '::ffff:1.2.3',
    '::ffff:01.2.3.4',
    '::ffff:1.2.3.256',
    '1.2.3.4::',
    '[::1]',
    'fe80::1%eth0',
    '::1%1',
    '::1\n',
  ])('%j is no address', (text) => {
    expect(parseAddress(text)).toBeNull();
    expect(parseWrittenAddress(text)).toBeNull();
  });

  test('never throws', () => {
    const nearly = fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF::::....%x/ -*') });
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearly), (text) => {
        const address = parseAddress(text);
        if (address !== null) expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
      { numRuns: 2_000 },
    );
  });

  test('reads every way to write an address', () => {
    fc.assert(
      fc.property(anyIpv4, anyIpv6, ({ text, value }, ipv6) => {
        expect(parseWrittenAddress(text)).toEqual({ family: 4, value });
        expect(parseAddress(`::ffff:${text}`)).toEqual({ family: 4, value });
        expect(parseWrittenAddress(`::ffff:${text}`)).toEqual({
          family: 6,
          value: 0xffff_0000_0000n + value,
        });
        expect(parseWrittenAddress(ipv6.text)).toEqual({ family: 6, value: ipv6.value });
      }),
      { numRuns: 500 },
    );
  });
});

describe('formatAddress', () => {
  test.each([
    ['1.2.3.4', '1.2.3.4'],
    ['::FFFF:1.2.3.4', '1.2.3.4'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:0db8::0001:0', '2001:db8::1:0'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['0::0', '::'],
    ['::1.2.3.4', '::102:304'],
  ])('writes %s as %s', (text, canonical) => {
    const address = parseAddress(text);
    expect(address && formatAddress(address)).toBe(canonical);
  });

  test('writes one text for one address', () => {
    fc.assert(
      fc.property(anyIpv6, ({ text, value }) => {
        const written = formatAddress({ family: 6, value });
        expect(parseWrittenAddress(written)).toEqual({ family: 6, value });
        expect(parseWrittenAddress(writeIpv6(value))).toEqual(parseWrittenAddress(text));
        expect(written).toBe(written.toLowerCase());
      }),
    );
  });
});

describe('who an address belongs to', () => {
  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::', '2001:db8:1:3::/64'],
    ['::1', '::/64'],
    ['no address', 'no address'],
  ])('of %s it is %s', (address, subscriber) => {
    expect(subscriberOf(address)).toBe(subscriber);
  });
});
