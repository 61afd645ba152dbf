import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { RecordedAnswer } from './bare-server.ts';

const script = fileURLToPath(new URL('./bare-server.ts', import.meta.url));

/** What the HTTP server adds by itself, to every answer alike. */
const ownHeaders = new Set(['connection', 'date', 'keep-alive', 'transfer-encoding']);

/** A running bare server. */
export interface BareServer {
  readonly url: string;
  readonly pid: number;
  stop(): void;
}

/**
 * Asks the service for each path once and starts a bare server that gives the same answers, headers
 * included.
 *
 * @param folder where the answers are kept for it
 * @throws Error where the service answers anything but 200
 */
export async function startBareServer(
  serviceUrl: string,
  paths: readonly string[],
  token: string,
  folder: string,
): Promise<BareServer> {
  const answers: RecordedAnswer[] = [];
  for (const path of paths) answers.push(await record(serviceUrl, path, token));
  const file = join(folder, 'answers.json');
  writeFileSync(file, JSON.stringify(answers));
  const child = spawn(process.execPath, [script, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await firstLine(child);
  return { url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, stop: () => child.kill() };
}

async function record(serviceUrl: string, path: string, token: string): Promise<RecordedAnswer> {
  const request = get(`${serviceUrl}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(`${path} answered ${response.statusCode}: ${body}`);
  const { rawHeaders } = response;
  const headers = rawHeaders.filter((_, index) => {
    const name = rawHeaders[index - (index % 2)] ?? '';
    return !ownHeaders.has(name.toLowerCase());
  });
  return { path, headers, body };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the bare server has no output to read its port from');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return line.toString().trim();
}
