import {
  MAPPED_FIRST,
  MAPPED_LAST,
  type ParsedAddress,
  parseAddress,
  parseWrittenAddress,
} from './ip-address.ts';

export { type ParsedAddress, parseAddress } from './ip-address.ts';

/** The addresses of one family from `first` to `last`, both included. */
export interface IpRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

type AddressReader = (text: string) => ParsedAddress | null;

const BITS = { 4: 32n, 6: 128n };
const PREFIX_LENGTH = /^(?:0|[1-9]\d{0,2})$/;
const STARRED_QUAD = /^[\d.]+(?:\.\*)+$/;
// The panel's IPTools reads these as IPv4: 8 hexadecimal digits, 32 binary ones, or a plain decimal integer.
const IPV4_AS_INTEGER = /^(?:0x[\da-fA-F]{8}|0b[01]{32}|0|[1-9]\d{0,9})$/;
const IPV4_LAST = 0xffff_ffffn;

/**
 * Reads an entry that a caller may store in a key's `allowed_ips`: an address, a CIDR block (host bits are
 * dropped, as the panel does), `first-last`, or an IPv4 address whose last octets are stars (`1.2.*.*`). A
 * range of IPv4-mapped IPv6 addresses is the IPv4 range that they stand for.
 *
 * @returns null for everything else, a reversed range, mixed families and other spellings of IPv4 included
 */
export function parseAllowedIp(text: string): IpRange | null {
  return parseRange(text, parseWrittenAddress);
}

/**
 * Reads an entry found in a key's `allowed_ips`, which the panel may have stored: all of `parseAllowedIp`, and
 * the further forms that the panel's IPTools enforces as they are meant, which are `address netmask` and IPv4
 * addresses written as one decimal, `0x` or `0b` integer.
 *
 * @returns null for everything else; such an entry must match nothing
 */
export function parseStoredIp(text: string): IpRange | null {
  if (text.includes(' ')) return parseNetmask(text);
  return parseRange(text, readStoredAddress);
}

/** Whether an address lies in a range. Never across families. */
export function rangeContains(range: IpRange, address: ParsedAddress): boolean {
  return range.family === address.family && range.first <= address.value && address.value <= range.last;
}

/** Whether every address of `inner` lies in `outer`. Never across families. */
export function rangeWithin(inner: IpRange, outer: IpRange): boolean {
  return inner.family === outer.family && outer.first <= inner.first && inner.last <= outer.last;
}

/**
 * The panel's check of a client's address against a key's allow-list.
 *
 * @param stored the key's `allowed_ips`; an empty list restricts nothing
 * @param address the client's address; one that cannot be read is in no range
 * @param onUnparsable called with each entry that was reached and could not be read. The panel answers such an
 *   entry with an error 500; here it matches nothing.
 */
export function isAllowedIp(
  stored: readonly string[],
  address: string,
  onUnparsable: (entry: string) => void,
): boolean {
  if (stored.length === 0) return true;
  const client = parseAddress(address);
  if (client === null) return false;
  for (const entry of stored) {
    const range = parseStoredIp(entry);
    if (range === null) onUnparsable(entry);
    else if (rangeContains(range, client)) return true;
  }
  return false;
}

function parseRange(text: string, read: AddressReader): IpRange | null {
  if (text.includes('/')) return parseCidr(text, read);
  if (text.includes('*')) return parseStars(text);
  const dash = text.indexOf('-');
  if (dash === -1) return rangeBetween(read(text), read(text));
  return rangeBetween(read(text.slice(0, dash)), read(text.slice(dash + 1)));
}

function parseCidr(text: string, read: AddressReader): IpRange | null {
  const slash = text.indexOf('/');
  const address = read(text.slice(0, slash));
  const prefix = text.slice(slash + 1);
  if (address === null || !PREFIX_LENGTH.test(prefix)) return null;
  const hostBits = BITS[address.family] - BigInt(prefix);
  if (hostBits < 0n) return null;
  return networkOf(address, (1n << hostBits) - 1n);
}

function parseNetmask(text: string): IpRange | null {
  const space = text.indexOf(' ');
  const address = readStoredAddress(text.slice(0, space));
  const netmask = readStoredAddress(text.slice(space + 1));
  if (address === null || netmask === null || address.family !== netmask.family) return null;
  const hostMask = netmask.value ^ ((1n << BITS[netmask.family]) - 1n);
  // A contiguous mask leaves host bits of the form 0…01…1, which share no bit with their successor.
  if ((hostMask & (hostMask + 1n)) !== 0n) return null;
  return networkOf(address, hostMask);
}

function parseStars(text: string): IpRange | null {
  if (!STARRED_QUAD.test(text)) return null;
  return rangeBetween(
    parseWrittenAddress(text.replaceAll('*', '0')),
    parseWrittenAddress(text.replaceAll('*', '255')),
  );
}

function readStoredAddress(text: string): ParsedAddress | null {
  if (!IPV4_AS_INTEGER.test(text)) return parseWrittenAddress(text);
  const value = BigInt(text);
  return value > IPV4_LAST ? null : { family: 4, value };
}

function networkOf(address: ParsedAddress, hostMask: bigint): IpRange {
  return unmapped(address.family, address.value & ~hostMask, address.value | hostMask);
}

function rangeBetween(first: ParsedAddress | null, last: ParsedAddress | null): IpRange | null {
  if (first === null || last === null || first.family !== last.family || first.value > last.value)
    return null;
  return unmapped(first.family, first.value, last.value);
}

// Only a range that lies wholly in the mapped block means IPv4: a wider one, such as `::/0`, is IPv6, and an
// IPv6 range never admits an IPv4 client.
function unmapped(family: 4 | 6, first: bigint, last: bigint): IpRange {
  if (family === 4 || first < MAPPED_FIRST || last > MAPPED_LAST) return { family, first, last };
  return { family: 4, first: first - MAPPED_FIRST, last: last - MAPPED_FIRST };
}
