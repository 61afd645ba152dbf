import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { PortSeed } from '../support/port-seed.ts';

/** A stand-in for the web server in front of panel and service. */
export interface PanelFront {
  readonly url: string;
  stop(): Promise<void>;
}

/** What a call that creates a server says of its ports. */
interface NewServer {
  readonly limits: { readonly memory: number; readonly disk: number };
  readonly allocation: { readonly default: number; readonly additional: readonly number[] };
}

/** Sends everything to the service, but the panel's own call for a new server, which is done as the panel does. */
export async function startPanelFront(service: string, seed: PortSeed, nodeId: number): Promise<PanelFront> {
  const server = createServer((incoming, outgoing) => {
    const isNewServer = incoming.method === 'POST' && incoming.url === '/api/application/servers';
    const answered = isNewServer ? createAsPanel(incoming, outgoing) : forward(incoming, outgoing);
    answered.catch((error: unknown) => outgoing.destroy(error as Error));
  });

  async function createAsPanel(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { limits, allocation } = JSON.parse(await bodyOf(incoming)) as NewServer;
    await seed.server(nodeId, [allocation.default, ...allocation.additional], limits);
    outgoing.writeHead(201).end('{}');
  }

  async function forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method, headers } = incoming;
    const body = await bodyOf(incoming);
    const sent = request(`${service}${incoming.url}`, {
      ...(method === undefined ? {} : { method }),
      headers,
    });
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
