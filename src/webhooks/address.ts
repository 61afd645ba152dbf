import { type LookupAddress, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A message would have gone to an address that is not on the public internet. */
export class PrivateAddressError extends Error {
  override name = 'PrivateAddressError';

  constructor(address: string) {
    super(`${address} is no public address, which needs allow_private`);
  }
}

/** 2000::/3, all that is given out of IPv6 so far. What lies outside may be IPv4 in disguise. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an address belongs to the public internet: not to this machine, a private network, a cloud's
 * metadata service, a carrier's network, a group of hosts, or a block that stands for IPv4 or for nothing.
 */
export function isPublicAddress(text: string): boolean {
  // An IPv4-mapped IPv6 address is the IPv4 address in it.
  const address = ipaddr.process(text);
  if (address.range() !== 'unicast') return false;
  return !(address instanceof ipaddr.IPv6) || address.match(globalUnicast);
}

/** All addresses of a host, as `dns.lookup` gives them. */
export type Resolve = (
  hostname: string,
  options: { readonly all: true; readonly family?: number | 'IPv4' | 'IPv6'; readonly hints?: number },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A lookup that hands out public addresses only. The connection goes to what it hands out, so a name that
 * means something else by then (DNS rebinding) gains nothing.
 */
export function publicLookup(resolve: Resolve = lookup): LookupFunction {
  return (hostname, { family, hints, all }, callback) => {
    const options = {
      all: true,
      ...(family === undefined ? {} : { family }),
      ...(hints === undefined ? {} : { hints }),
    } as const;
    resolve(hostname, options, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const open = addresses.filter(({ address }) => isPublicAddress(address));
      const [first] = open;
      if (first === undefined) callback(new PrivateAddressError(addresses[0]?.address ?? hostname), []);
      else if (all === true) callback(null, open);
      else callback(null, first.address, first.family);
    });
  };
}

/**
 * Refuses a host that is written as an address, for which nothing is looked up.
 *
 * @param hostname As `URL` has it: IPv4 in its plain form, IPv6 in brackets.
 * @throws PrivateAddressError
 */
export function requirePublicHost(hostname: string): void {
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) !== 0 && !isPublicAddress(address)) throw new PrivateAddressError(address);
}
