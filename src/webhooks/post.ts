import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { PrivateAddressError, publicLookup, requirePublicHost } from './address.ts';
import type { Endpoint } from './endpoint.ts';

/** Longest time for one try, from looking up the host to the end of the answer, in milliseconds. */
export const timeoutMs = 10_000;

/** Most that is read of an answer before the connection is cut, in bytes. Nothing of it is kept. */
const mostAnswered = 64 * 1024;

/** What became of one try. */
export type PostResult =
  | { readonly isDelivered: true }
  /** `reason`: for people, without anything of the message or the answer. */
  | { readonly isDelivered: false; readonly reason: string };

/** What is sent. */
export interface Message {
  readonly messageId: string;
  readonly body: string;
}

/**
 * Sends a message once. A redirect is an answer like any other: it is not followed. The receiver's certificate
 * is always checked, whatever the process's environment says.
 *
 * @param authority Certificates trusted in place of the usual ones, or null.
 */
export function post(endpoint: Endpoint, authority: string | null, message: Message): Promise<PostResult> {
  return new Promise((resolve) => {
    let result: PostResult | null = null;
    try {
      const request = httpsRequest(endpoint.url, {
        ...{ method: 'POST', agent: false, rejectUnauthorized: true },
        headers: headersOf(endpoint, message),
        signal: AbortSignal.timeout(timeoutMs),
        ...(authority === null ? {} : { ca: authority }),
        ...guard(endpoint),
      });
      request.on('response', (response) => {
        result = judge(response.statusCode ?? 0);
        drain(response);
      });
      // An answer counts even where the connection breaks after its head.
      request.on('error', (error) => {
        result ??= failed(reasonOf(error));
      });
      request.on('close', () => resolve(result ?? failed('the connection was closed without an answer')));
      request.end(message.body);
    } catch (error) {
      resolve(failed(reasonOf(error)));
    }
  });
}

/** @throws PrivateAddressError */
function guard({ url, allowPrivate }: Endpoint) {
  if (allowPrivate) return {};
  requirePublicHost(new URL(url).hostname);
  return { lookup: publicLookup() };
}

function headersOf({ signer }: Endpoint, { messageId, body }: Message) {
  return {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'user-agent': 'panel-sidecar',
    ...signer.sign(messageId, body, new Date()),
  };
}

function judge(status: number): PostResult {
  return status >= 200 && status < 300 ? { isDelivered: true } : failed(`answered ${status}`);
}

function failed(reason: string): PostResult {
  return { isDelivered: false, reason };
}

/** Lets the receiver finish its answer, within bounds: some stop working when the caller hangs up. */
function drain(response: IncomingMessage): void {
  let received = 0;
  response.on('error', () => undefined);
  response.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > mostAnswered) response.destroy();
  });
}

/** By code, as messages of TLS and DNS errors quote what others wrote. */
function reasonOf(error: unknown): string {
  if (error instanceof PrivateAddressError) return error.message;
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
  if (name === 'AbortError') return `no answer within ${timeoutMs / 1000} s`;
  return `could not be reached: ${String(code ?? name)}`;
}
