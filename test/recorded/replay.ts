import { request as httpRequest } from 'node:http';
import { recordedCredentials } from '../support/recorded-keys.ts';
import type { RecordedAnswer, Recording } from './recording.ts';

/** Sends a recorded request to a service, byte for byte. */
export function replay(url: string, { request }: Recording): Promise<RecordedAnswer> {
  const authorization = authorizationOf(request.as);
  const accept = request.accept === undefined ? 'application/json' : request.accept;
  const headers = {
    ...(authorization === null ? {} : { authorization }),
    ...(accept === null ? {} : { accept }),
    ...request.headers,
    ...(request.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(request.body)) }),
  };
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method: request.method, path: request.path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const body = response.headers['content-type'] === 'application/json' ? JSON.parse(text) : text;
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Record<string, string>,
          body: body as unknown,
        });
      });
    });
    sent.on('error', reject);
    sent.end(request.body);
  });
}

function authorizationOf(as: Recording['request']['as']): string | null {
  if (as === null) return null;
  if (typeof as === 'string') return `Bearer ${bearer(as)}`;
  return 'raw' in as ? as.raw : `${as.scheme} ${bearer(as.key)}`;
}

function bearer(name: string): string {
  const credential = recordedCredentials[name];
  if (credential === undefined) throw new Error(`no recorded key is called ${name}`);
  return credential.bearer;
}

/** What is random or the time of day, replaced by a name, so that two answers can be compared. */
export function withoutChance(body: unknown): unknown {
  const text = JSON.stringify(body)
    .replaceAll(/"identifier":"(?!\w+CONF)\w{16}"/g, '"identifier":"<identifier>"')
    .replaceAll(/"secret_token":"[A-Za-z0-9]{32}"/g, '"secret_token":"<secret>"')
    .replaceAll(/"created_at":"(?!2026-01-02)[^"]+"/g, '"created_at":"<now>"')
    // A key that lists itself is used at that moment; whether the list shows it yet is chance.
    .replaceAll(/"last_used_at":"(?!2026-02-03)[^"]+"/g, '"last_used_at":null')
    .replaceAll(/http:\/\/127\.0\.0\.1(:\d+)?\//g, 'http://<host>/');
  return JSON.parse(text) as unknown;
}
