import { once } from 'node:events';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Authority } from './authority.ts';

/** A request as a receiver got it. */
export interface Delivered {
  readonly method: string | undefined;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** When it was whole, in Unix milliseconds. */
  readonly at: number;
}

/** An HTTPS server that webhooks are sent to. */
export interface WebhookReceiver {
  readonly port: number;
  /** What has come so far, oldest first. */
  readonly received: readonly Delivered[];
  /** Connections so far, those that never became a request included. */
  connections(): number;
  /** What has come to one path. */
  at(path: string): readonly Delivered[];
  close(): Promise<void>;
}

/** Answers a request, which is the how-manieth to its path, from 1. */
export type Respond = (delivered: Delivered, count: number, response: ServerResponse) => void;

/**
 * Starts a receiver on 127.0.0.1.
 *
 * @param respond by default 204
 * @param port a certain port, for one that comes back; any free one unless given
 */
export async function startReceiver(
  { cert, key }: Pick<Authority, 'cert' | 'key'>,
  respond: Respond = (_delivered, _count, response) => response.writeHead(204).end(),
  port = 0,
): Promise<WebhookReceiver> {
  const received: Delivered[] = [];
  let connections = 0;
  const at = (path: string) => received.filter((delivered) => delivered.path === path);
  const server = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url: path = '', headers } = request;
      const delivered = { method, path, headers, body: Buffer.concat(chunks).toString(), at: Date.now() };
      received.push(delivered);
      respond(delivered, at(path).length, response);
    });
  });
  // A client that hangs up, or does not trust the certificate, is part of some tests.
  server.on('tlsClientError', () => undefined);
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    received,
    connections: () => connections,
    at,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
