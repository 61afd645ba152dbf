import { parseTrustedProxies } from '../http/client-ip.ts';
import { parseListenAddress } from '../http/listen-address.ts';
import { isLoopbackAddress } from '../http/loopback.ts';
import { type Check, ok, warn } from './check.ts';

/** Callers' addresses are seen through the proxies in front of the service, and through no others. */
export const checkProxies: Check = {
  name: 'proxies',
  run: ({ env, settings }) => {
    const { trustedProxies } = env.get();
    const { trusted_proxies, listen } = settings.get().server;
    const text = trusted_proxies ?? trustedProxies;
    const source = trusted_proxies === null ? "the panel's TRUSTED_PROXIES" : 'server.trusted_proxies';
    const { everyPeer, ranges } = parseTrustedProxies(text);
    if (everyPeer) {
      return warn(
        `whoever connects is trusted to name any address (* in ${source})`,
        "set server.trusted_proxies to the proxy's own address",
      );
    }
    if (ranges.length > 0) return ok(`${text} (${source})`);
    if (!isLoopbackAddress(parseListenAddress(listen).host)) return ok('none: callers are whoever connects');
    return warn(
      `none, and ${listen} is reached only from this machine: behind its web server all callers look like 127.0.0.1`,
      'set server.trusted_proxies to 127.0.0.1, and have the web server send X-Forwarded-For (README)',
    );
  },
};
