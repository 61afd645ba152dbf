import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** An address as a number: below 2^32 for family 4, below 2^128 for family 6. */
export interface ParsedAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** First and last address of `::ffff:0:0/96`, the IPv6 block that stands for IPv4 (RFC 4291, 2.5.5.2). */
export const MAPPED_FIRST = 0xffff_0000_0000n;
export const MAPPED_LAST = 0xffff_ffff_ffffn;

/**
 * Reads an address of either family. An IPv4-mapped IPv6 address (`::ffff:1.2.3.4`, which a dual-stack socket
 * reports for an IPv4 client) is the IPv4 address inside it.
 *
 * @returns null for everything that is not one plain address; see `parseWrittenAddress`
 */
export function parseAddress(text: string): ParsedAddress | null {
  const address = parseWrittenAddress(text);
  if (address === null || address.family === 4) return address;
  if (address.value < MAPPED_FIRST || address.value > MAPPED_LAST) return address;
  return { family: 4, value: address.value - MAPPED_FIRST };
}

/**
 * Reads an address in the family it is written in, so that an IPv4-mapped one stays IPv6.
 *
 * @returns null for everything but a dotted quad without leading zeros or an IPv6 address without a zone id.
 *   Octal, hexadecimal and shortened IPv4 are refused as the panel's `FILTER_VALIDATE_IP` refuses them.
 */
export function parseWrittenAddress(text: string): ParsedAddress | null {
  // ipaddr.js reads many historic spellings; node:net knows only the strict ones.
  if (isIPv4(text)) {
    return { family: 4, value: joinParts(ipaddr.IPv4.parse(text).octets, 8n) };
  }
  if (!isIPv6(text) || text.includes('%')) return null;
  // ipaddr.js takes `::1.2.3.4` for `::ffff:1.2.3.4`; with the leading zero it reads the address as written.
  const isCompatible = text.includes('.') && text.lastIndexOf(':') === 1;
  const { parts } = ipaddr.IPv6.parse(isCompatible ? `0${text}` : text);
  return { family: 6, value: joinParts(parts, 16n) };
}

/** The address as text: a dotted quad, or IPv6 in lower case in its shortest form (RFC 5952). */
export function formatAddress(address: ParsedAddress): string {
  if (address.family === 4) return new ipaddr.IPv4(splitValue(address.value, 4, 8n)).toString();
  return new ipaddr.IPv6(splitValue(address.value, 8, 16n)).toRFC5952String();
}

/** Bits of an IPv6 address that tell one host of a network from another (RFC 4291, 2.5.1). */
const hostBits = 64n;

/** Who an address belongs to, as far as counting goes: itself, or of IPv6 the /64 that one customer has whole. */
export function subscriberOf(address: string): string {
  const parsed = parseAddress(address);
  if (parsed === null || parsed.family === 4) return address;
  const network = (parsed.value >> hostBits) << hostBits;
  return `${formatAddress({ family: 6, value: network })}/64`;
}

function joinParts(parts: readonly number[], bits: bigint): bigint {
  let value = 0n;
  for (const part of parts) value = (value << bits) | BigInt(part);
  return value;
}

function splitValue(value: bigint, count: number, bits: bigint): number[] {
  const parts: number[] = [];
  for (let shift = BigInt(count - 1) * bits; shift >= 0n; shift -= bits) {
    parts.push(Number(BigInt.asUintN(Number(bits), value >> shift)));
  }
  return parts;
}
