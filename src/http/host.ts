import { isIPv4, isIPv6 } from 'node:net';
import type { Scheme } from '../request/client.ts';

const DEFAULT_PORT = { http: '80', https: '443' };

// A name, a dotted quad or a bracketed IPv6 address; perhaps a port. Linear: no two parts can match the same
// character.
const HOST = /^(?:\[[\da-f:.]+\]|[\w-]+(?:\.[\w-]+)*\.?)(?::[1-9]\d{0,4})?$/;
const NUMERIC_TOP_LABEL = /\.\d+\.?$/;
const PORT = /^[1-9]\d{0,4}$/;
const LAST_PORT = 65_535;

/**
 * Reads a Host header (or X-Forwarded-Host) for use in links.
 *
 * @param text `host` or `host:port`
 * @param forwardedPort X-Forwarded-Port; used where `text` has no port, ignored if it is none
 * @returns the host in lower case, with its port unless that is the scheme's own; null for anything that is
 *   no host, so that nothing else ever gets into a link. Which names are hosts is the panel's rule
 *   (Symfony's Request); that the port is a port is ours.
 */
export function hostOf(
  text: string | undefined,
  scheme: Scheme,
  forwardedPort: string | undefined,
): string | null {
  if (text === undefined) return null;
  const lower = text.toLowerCase();
  if (!HOST.test(lower)) return null;
  const colon = portColon(lower);
  if (!isHost(colon === -1 ? lower : lower.slice(0, colon))) return null;
  if (colon === -1) return withPort(lower, scheme, forwardedPort);
  const port = lower.slice(colon + 1);
  if (!isPort(port)) return null;
  return port === DEFAULT_PORT[scheme] ? lower.slice(0, colon) : lower;
}

function withPort(host: string, scheme: Scheme, port: string | undefined): string {
  if (port === undefined || port === DEFAULT_PORT[scheme] || !isPort(port)) return host;
  return `${host}:${port}`;
}

function portColon(host: string): number {
  return host.endsWith(']') ? -1 : host.lastIndexOf(':');
}

function isHost(host: string): boolean {
  if (host.startsWith('[')) return isIPv6(host.slice(1, -1));
  return !NUMERIC_TOP_LABEL.test(host) || isIPv4(host);
}

function isPort(text: string): boolean {
  return PORT.test(text) && Number(text) <= LAST_PORT;
}
