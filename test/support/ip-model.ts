import fc from 'fast-check';

/**
 * Addresses as plain numbers and their texts, made here digit by digit, so that tests of the address code share
 * nothing with it.
 */
export interface ModelAddress {
  readonly text: string;
  readonly value: bigint;
}

/** A dotted quad. */
export function writeIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
}

/** All eight groups in hexadecimal, without leading zeros. */
export function writeIpv6(value: bigint): string {
  return groupsOf(value).join(':');
}

function groupsOf(value: bigint): string[] {
  return Array.from({ length: 8 }, (_, index) =>
    ((value >> (BigInt(7 - index) * 16n)) & 0xffffn).toString(16),
  );
}

/** Every value below 2^bits, with small and extreme ones, and ones that differ in few bits, more often. */
function anyValue(bits: number): fc.Arbitrary<bigint> {
  const top = (1n << BigInt(bits)) - 1n;
  return fc.oneof(
    fc.bigInt({ min: 0n, max: top }),
    fc.bigInt({ min: 0n, max: 300n }),
    fc.bigInt({ min: top - 300n, max: top }),
    fc.nat(bits - 1).map((bit) => 1n << BigInt(bit)),
  );
}

/** Any IPv4 address as a dotted quad. */
export const anyIpv4: fc.Arbitrary<ModelAddress> = anyValue(32).map((value) => ({
  text: writeIpv4(value),
  value,
}));

/** Any IPv6 address outside the IPv4-mapped block, in any of the ways to write it. */
export const anyIpv6: fc.Arbitrary<ModelAddress> = fc
  .tuple(anyValue(128), fc.nat(7), fc.nat(8), fc.boolean(), fc.boolean(), fc.boolean())
  .filter(([value]) => value >> 32n !== 0xffffn)
  .map(([value, from, zeros, padded, upper, dotted]) => {
    let groups = groupsOf(value);
    if (padded) groups = groups.map((group) => group.padStart(4, '0'));
    if (dotted) groups = [...groups.slice(0, 6), writeIpv4(value & 0xffffffffn)];
    const compressed = compress(groups, from, zeros);
    return { text: upper ? compressed.toUpperCase() : compressed, value };
  });

/** Replaces up to `count` zero groups from `from` on by `::`. */
function compress(groups: readonly string[], from: number, count: number): string {
  let end = from;
  while (end < from + count && /^0+$/.test(groups[end] ?? 'none')) end++;
  if (end === from) return groups.join(':');
  return `${groups.slice(0, from).join(':')}::${groups.slice(end).join(':')}`;
}
