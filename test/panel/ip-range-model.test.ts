import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAddress } from '../../src/panel/ip-address.ts';
import {
  type IpRange,
  isAllowedIp,
  parseAllowedIp,
  parseStoredIp,
  rangeContains,
  rangeWithin,
} from '../../src/panel/ip-range.ts';
import { anyIpv4, anyIpv6, writeIpv4, writeIpv6 } from '../support/ip-model.ts';

// The range code against plain numbers that were never read from text.

const MAPPED = 0xffff_0000_0000n;

/** Checks a range's bounds, and that it holds exactly the addresses between them. */
function expectRange(range: IpRange | null, family: 4 | 6, first: bigint, last: bigint): void {
  expect(range).toEqual({ family, first, last });
  if (range === null) return;
  const write = family === 4 ? writeIpv4 : writeIpv6;
  const top = 2n ** (family === 4 ? 32n : 128n) - 1n;
  for (const value of [first - 1n, first, (first + last) / 2n, last, last + 1n, 0n, top]) {
    if (value < 0n || value > top) continue;
    const address = parseAddress(write(value));
    if (address === null || address.family !== family) continue;
    expect(rangeContains(range, address)).toBe(first <= value && value <= last);
    expect(isAllowedIp([writeRange(range)], write(value), unexpected)).toBe(first <= value && value <= last);
  }
}

function writeRange({ family, first, last }: IpRange): string {
  const write = family === 4 ? writeIpv4 : writeIpv6;
  return `${write(first)}-${write(last)}`;
}

/** The block that a prefix names, found by dividing. */
function block(value: bigint, bits: number, prefix: number): [bigint, bigint] {
  const size = 2n ** BigInt(bits - prefix);
  const first = (value / size) * size;
  return [first, first + size - 1n];
}

test('single addresses', () => {
  fc.assert(
    fc.property(anyIpv4, anyIpv6, (a, b) => {
      expectRange(parseAllowedIp(a.text), 4, a.value, a.value);
      expectRange(parseAllowedIp(`::ffff:${a.text}`), 4, a.value, a.value);
      expectRange(parseAllowedIp(b.text), 6, b.value, b.value);
    }),
  );
});

test('CIDR blocks', () => {
  fc.assert(
    fc.property(anyIpv4, fc.integer({ min: 0, max: 40 }), (address, prefix) => {
      const range = parseAllowedIp(`${address.text}/${prefix}`);
      if (prefix > 32) expect(range).toBeNull();
      else expectRange(range, 4, ...block(address.value, 32, prefix));
      expect(parseAllowedIp(`::ffff:${address.text}/${96 + prefix}`)).toEqual(range);
    }),
  );
  fc.assert(
    fc.property(anyIpv6, fc.integer({ min: 0, max: 140 }), (address, prefix) => {
      const range = parseAllowedIp(`${address.text}/${prefix}`);
      if (prefix > 128) expect(range).toBeNull();
      else expectRange(range, 6, ...block(address.value, 128, prefix));
    }),
  );
});

test('mapped blocks wider than IPv4', () => {
  fc.assert(
    fc.property(anyIpv4, fc.integer({ min: 0, max: 95 }), ({ text, value }, prefix) => {
      const range = parseAllowedIp(`::ffff:${text}/${prefix}`);
      const [first, last] = block(MAPPED + value, 128, prefix);
      expect(range).toEqual({ family: 6, first, last });
      expect(isAllowedIp([`::ffff:${text}/${prefix}`], text, unexpected)).toBe(false);
    }),
  );
});

test('netmasks are CIDR blocks', () => {
  fc.assert(
    fc.property(anyIpv4, fc.nat(32), ({ text }, prefix) => {
      const mask = writeIpv4(2n ** 32n - 2n ** BigInt(32 - prefix));
      expect(parseStoredIp(`${text} ${mask}`)).toEqual(parseAllowedIp(`${text}/${prefix}`));
    }),
  );
  fc.assert(
    fc.property(anyIpv6, fc.nat(128), ({ text }, prefix) => {
      const mask = writeIpv6(2n ** 128n - 2n ** BigInt(128 - prefix));
      expect(parseStoredIp(`${text} ${mask}`)).toEqual(parseAllowedIp(`${text}/${prefix}`));
    }),
  );
});

test('netmasks with holes are refused', () => {
  fc.assert(
    fc.property(anyIpv4, anyIpv4, ({ text }, mask) => {
      const isContiguous = /^1*0*$/.test(mask.value.toString(2).padStart(32, '0'));
      expect(parseStoredIp(`${text} ${mask.text}`) !== null).toBe(isContiguous);
    }),
  );
});

test('ranges', () => {
  for (const [family, anyAddress] of [
    [4, anyIpv4],
    [6, anyIpv6],
  ] as const) {
    fc.assert(
      fc.property(anyAddress, anyAddress, (a, b) => {
        const range = parseAllowedIp(`${a.text}-${b.text}`);
        if (a.value > b.value) expect(range).toBeNull();
        else expectRange(range, family, a.value, b.value);
      }),
    );
  }
});

test('ranges of two families', () => {
  fc.assert(
    fc.property(anyIpv4, anyIpv6, (a, b) => {
      expect(parseStoredIp(`${a.text}-${b.text}`)).toBeNull();
      expect(parseStoredIp(`${b.text}-${a.text}`)).toBeNull();
    }),
  );
});

test('stars', () => {
  fc.assert(
    fc.property(anyIpv4, fc.integer({ min: 1, max: 3 }), ({ text, value }, stars) => {
      const octets = text.split('.').slice(0, 4 - stars);
      const starred = [...octets, ...Array(stars).fill('*')].join('.');
      expectRange(parseAllowedIp(starred), 4, ...block(value, 32, 32 - 8 * stars));
    }),
  );
});

test('integers', () => {
  fc.assert(
    fc.property(anyIpv4, ({ value }) => {
      expectRange(parseStoredIp(String(value)), 4, value, value);
      expectRange(parseStoredIp(`0x${value.toString(16).padStart(8, '0')}`), 4, value, value);
      expectRange(parseStoredIp(`0b${value.toString(2).padStart(32, '0')}`), 4, value, value);
    }),
  );
});

test('no text makes a parser throw, and what the strict one reads the other reads alike', () => {
  const nearly = fc.string({ unit: fc.constantFrom(...'0123456789abcdefx::....//--**  '), maxLength: 40 });
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearly), (text) => {
      const stored = parseStoredIp(text);
      const allowed = parseAllowedIp(text);
      if (allowed !== null) expect(stored).toEqual(allowed);
      if (stored !== null) expect(stored.first).toBeLessThanOrEqual(stored.last);
    }),
    { numRuns: 5_000 },
  );
});

test('one range within another', () => {
  const anyBound = fc.bigInt({ min: 0n, max: 12n });
  fc.assert(
    fc.property(anyBound, anyBound, anyBound, anyBound, (a, b, c, d) => {
      fc.pre(a <= b && c <= d);
      const every = Array.from({ length: Number(b - a) + 1 }, (_, index) => a + BigInt(index));
      const isWithin = every.every((value) => c <= value && value <= d);
      expect(rangeWithin({ family: 4, first: a, last: b }, { family: 4, first: c, last: d })).toBe(isWithin);
      expect(rangeWithin({ family: 6, first: a, last: b }, { family: 6, first: c, last: d })).toBe(isWithin);
      expect(rangeWithin({ family: 6, first: a, last: b }, { family: 4, first: c, last: d })).toBe(false);
      expect(rangeWithin({ family: 4, first: a, last: b }, { family: 6, first: c, last: d })).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});

function unexpected(entry: string): never {
  throw new Error(`"${entry}" was not read.`);
}
