import { OperatorError } from '../operator-error.ts';
import { formatAddress, type ParsedAddress, parseAddress } from '../panel/ip-address.ts';
import { type IpRange, parseAllowedIp, rangeContains } from '../panel/ip-range.ts';
import type { ResolvedClient, Scheme } from '../request/client.ts';
import { hostOf } from './host.ts';

/** Whose X-Forwarded-* headers are believed: every directly connecting peer, or those in `ranges`. */
export interface TrustedProxies {
  readonly everyPeer: boolean;
  readonly ranges: readonly IpRange[];
}

/** A header as Node gives it. */
export type HeaderValue = string | readonly string[] | undefined;

/** The headers that tell where a request came from. Names are in lower case, as Node gives them. */
export interface ForwardingHeaders {
  readonly host?: HeaderValue;
  readonly 'x-forwarded-for'?: HeaderValue;
  readonly 'x-forwarded-proto'?: HeaderValue;
  readonly 'x-forwarded-host'?: HeaderValue;
  readonly 'x-forwarded-port'?: HeaderValue;
}

/**
 * Reads the panel's TRUSTED_PROXIES: addresses and CIDR blocks between commas, or `*` (or `**`) alone for
 * "whoever connects", which trusts that one hop and not those before it. Empty trusts nobody.
 *
 * @throws OperatorError naming the first entry that is neither
 */
export function parseTrustedProxies(text: string): TrustedProxies {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const [only] = entries;
  if (entries.length === 1 && (only === '*' || only === '**')) return { everyPeer: true, ranges: [] };
  return { everyPeer: false, ranges: entries.map(parseProxy) };
}

function parseProxy(entry: string): IpRange {
  // The panel's framework knows neither `first-last` nor stars here.
  const range = /[-*]/.test(entry) ? null : parseAllowedIp(entry);
  if (range !== null) return range;
  throw new OperatorError(
    `Trusted proxies: ${JSON.stringify(entry)} is neither an IP address nor a CIDR block. ` +
      'Write them with commas between, or a single * to trust whoever connects.',
  );
}

/**
 * Finds the client's address, the scheme and the host of a request as the panel does (Laravel's TrustProxies
 * over Symfony's Request). X-Forwarded-* counts only if the peer is a trusted proxy. The address is then the
 * right-most in X-Forwarded-For that is no trusted proxy; where all are trusted, the left-most. Unlike the panel it
 * looks no further than the first entry that is no address: the address is then that of the proxy which sent it.
 *
 * Runs on every request. Without trusted proxies nothing is allocated but the result.
 *
 * @param peer the address of the socket's other end, as Node reports it
 */
export function resolveClient(
  peer: string,
  headers: ForwardingHeaders,
  trusted: TrustedProxies,
): ResolvedClient {
  if (!trusted.everyPeer && trusted.ranges.length === 0) return directClient(peer, headers);
  const proxy = parseAddress(withoutZone(peer));
  if (proxy === null || !isTrusted(proxy, proxy, trusted)) return directClient(peer, headers);

  return new Client(
    formatAddress(forwardedAddress(proxy, headers['x-forwarded-for'], trusted)),
    schemeOf(firstOf(headers['x-forwarded-proto'])),
    firstOf(headers['x-forwarded-host']) ?? soleOf(headers.host),
    firstOf(headers['x-forwarded-port']),
  );
}

function directClient(peer: string, headers: ForwardingHeaders): ResolvedClient {
  return new Client(peerText(peer), 'http', soleOf(headers.host), undefined);
}

/** Reads the host only when asked: few answers have links. */
class Client implements ResolvedClient {
  readonly ip: string;
  readonly scheme: Scheme;
  readonly #host: string | undefined;
  readonly #port: string | undefined;

  constructor(ip: string, scheme: Scheme, host: string | undefined, port: string | undefined) {
    this.ip = ip;
    this.scheme = scheme;
    this.#host = host;
    this.#port = port;
  }

  get host(): string | null {
    return hostOf(this.#host, this.scheme, this.#port);
  }
}

// Node's spelling is canonical but for the two things cut here, so the text need not be parsed.
function peerText(peer: string): string {
  if (!peer.includes(':')) return peer;
  if (peer.startsWith('::ffff:') && peer.includes('.')) return peer.slice('::ffff:'.length);
  return withoutZone(peer);
}

// Node appends the interface to link-local peers (`fe80::1%eth0`); it is no part of the address.
function withoutZone(peer: string): string {
  const percent = peer.indexOf('%');
  return percent === -1 ? peer : peer.slice(0, percent);
}

function isTrusted(address: ParsedAddress, peer: ParsedAddress, trusted: TrustedProxies): boolean {
  if (trusted.everyPeer) return address.family === peer.family && address.value === peer.value;
  return trusted.ranges.some((range) => rangeContains(range, address));
}

function forwardedAddress(peer: ParsedAddress, header: HeaderValue, trusted: TrustedProxies): ParsedAddress {
  let nearest = peer;
  // Several lines of one header are one list, and what is empty in a list is not there (RFC 9110, 5.3 and 5.6.1).
  for (const entry of String(header ?? '')
    .split(',')
    .reverse()) {
    const text = entry.trim();
    if (text === '') continue;
    const address = parseAddress(withoutPort(text));
    // What stands before it came from there, and whoever that is may have made it up.
    if (address === null) return nearest;
    if (!isTrusted(address, peer, trusted)) return address;
    nearest = address;
  }
  return nearest;
}

// `[::1]:80`, `1.2.3.4:80`, `fe80::1%eth0`. An address with two colons is a bare IPv6 one.
function withoutPort(entry: string): string {
  if (entry.startsWith('[')) return withoutZone(entry.slice(1, Math.max(1, entry.indexOf(']'))));
  const colon = entry.indexOf(':');
  if (colon === -1) return entry;
  return colon === entry.lastIndexOf(':') ? entry.slice(0, colon) : withoutZone(entry);
}

function schemeOf(proto: string | undefined): Scheme {
  switch (proto?.toLowerCase()) {
    case 'https':
    case 'on':
    case 'ssl':
    case '1':
      return 'https';
    default:
      return 'http';
  }
}

// The first hop's value of a header to which every proxy may have appended its own.
function firstOf(header: HeaderValue): string | undefined {
  const value = soleOf(header);
  if (value === undefined) return undefined;
  const comma = value.indexOf(',');
  const first = (comma === -1 ? value : value.slice(0, comma)).trim();
  return first === '' ? undefined : first;
}

function soleOf(header: HeaderValue): string | undefined {
  return typeof header === 'object' ? header[0] : header;
}
