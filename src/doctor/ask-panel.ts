import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** Longest wait for an answer, in milliseconds. */
const timeout = 10_000;

/** A GET as it goes over the wire. */
export interface Asked {
  /** Path and query, sent as they are: a URL parser would tidy them up. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Sends a GET to the panel by its public address and answers with the status. Redirects are not followed.
 *
 * @param address Scheme, host and port.
 * @throws Error where there is no answer in time, or `interrupted` is set off.
 */
export function askPanel(address: URL, { path, headers }: Asked, interrupted: AbortSignal): Promise<number> {
  const request = address.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.any([interrupted, AbortSignal.timeout(timeout)]);
    const sent = request(address, {
      path,
      headers: { accept: 'application/json', ...headers },
      signal,
      agent: false,
    });
    sent.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end();
  });
}
