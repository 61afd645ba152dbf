import type { FastifyRequest } from 'fastify';
import { formatAddress } from '../panel/ip-address.ts';
import { type IpRange, parseAddress, parseAllowedIp, rangeContains } from '../panel/ip-range.ts';

const loopback = ['127.0.0.0/8', '::1']
  .map(parseAllowedIp)
  .filter((range): range is IpRange => range !== null);

/**
 * Whether a request was made on this machine. One that a proxy on this machine passed on was not: it says so
 * in X-Forwarded-For, and where the proxy is trusted the client's own address is known.
 */
export function isLoopback(request: FastifyRequest): boolean {
  const { ip } = request.client;
  const isForwarded = request.headers['x-forwarded-for'] !== undefined;
  if (!isLoopbackAddress(ip)) return false;
  // The socket may tell IPv4 peers in their IPv6 form.
  const peer = parseAddress(request.socket.remoteAddress ?? '');
  return !isForwarded || peer === null || ip !== formatAddress(peer);
}

/** Whether an address, or the name `localhost`, is one that only this machine reaches. */
export function isLoopbackAddress(host: string): boolean {
  const address = parseAddress(host);
  if (address === null) return host === 'localhost';
  return loopback.some((range) => rangeContains(range, address));
}
