import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An answer of the service, to be given again from memory. */
export interface RecordedAnswer {
  readonly path: string;
  /** Names and values in turn, as they were received. */
  readonly headers: readonly string[];
  readonly body: string;
}

/**
 * The yardstick: a plain `node:http` server that answers with bytes from memory, in a process of its own.
 * Its argument is a JSON file of recorded answers; it prints its port and listens until it is killed.
 */
async function main(file: string): Promise<void> {
  const recorded = JSON.parse(readFileSync(file, 'utf8')) as RecordedAnswer[];
  const answers = new Map(
    recorded.map(({ path, headers, body }) => [path, { headers: [...headers], body: Buffer.from(body) }]),
  );
  const server = createServer((request, response) => {
    const answer = answers.get(request.url ?? '');
    if (answer === undefined) response.writeHead(404).end();
    else response.writeHead(200, answer.headers).end(answer.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
}

if (import.meta.main) await main(process.argv[2] ?? '');
