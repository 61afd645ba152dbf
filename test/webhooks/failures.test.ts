import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from '../support/authority.ts';
import { send } from '../support/client.ts';
import { insertRows } from '../support/insert-rows.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import type { RunningService } from '../support/service.ts';
import { until } from '../support/sidecar.ts';
import { startReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { entryAt, messageTo, outboxOf, secret, signatureOf, startWith, writeConfig } from './support.ts';

/** How the receiver takes what comes to a path. */
const responses: Readonly<Record<string, (response: ServerResponse, count: number) => void>> = {
  '/fails-once': (response, count) => response.writeHead(count === 1 ? 500 : 202).end('whatever'),
  '/fails': (response) => response.writeHead(503).end('the answer'),
  '/redirect': (response) => response.writeHead(307, { location: '/elsewhere' }).end(),
  '/gone': (response) => response.writeHead(410).end(),
  '/silent': () => undefined,
  '/hangs-up': (response) => response.destroy(),
  '/switches': (response) =>
    response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
  '/endless': (response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(16 * 1024);
    const fill = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', fill);
    fill();
  },
};

let authority: Authority;
let panel: PanelDatabase;
let receiver: WebhookReceiver;
/** Presents the same certificate; whoever asks it for anything should not have got that far. */
let unreachable: WebhookReceiver;
let service: RunningService;
const cut: Promise<unknown>[] = [];

const rowFor = async (url: string) => (await outboxOf(panel)).filter(({ endpoint }) => endpoint === url);

beforeAll(async () => {
  authority = await createAuthority();
  panel = await createPanelDatabase('pterodactyl', 'sqlite');
  await migrateOwnTables(panel);
  receiver = await startReceiver(authority, ({ path }, count, response) => {
    if (path === '/endless') cut.push(once(response, 'close'));
    (responses[path] ?? ((unplanned) => unplanned.writeHead(204).end()))(response, count);
  });
  unreachable = await startReceiver(authority);
});

afterAll(async () => {
  await service?.stop();
  await receiver?.close();
  await unreachable?.close();
  await panel?.drop();
  authority?.remove();
});

describe('messages that do not arrive', () => {
  const url = (path: string) => `https://127.0.0.1:${receiver.port}${path}`;
  const closed = (host: string) => `https://${host}:${unreachable.port}/`;
  const lastTry = () => url('/gone');
  const unknown = 'https://unknown.example/hook';
  const day = 24 * 60 * 60 * 1000;

  beforeAll(async () => {
    const config = writeConfig(panel, [
      ...Object.keys(responses).map((path) => entryAt(receiver, path, authority)),
      { url: closed('127.0.0.1') },
      { url: closed('localhost') },
      { url: closed('[::ffff:127.0.0.1]') },
      { url: url('/no-authority'), allow_private: true },
      { ...entryAt(receiver, '/', authority), url: `https://localhost:${receiver.port}/` },
      { url: 'https://127.0.0.1:1/', allow_private: true },
    ]);
    const to = [...Object.keys(responses).filter((path) => path !== '/gone'), '/no-authority'].map(url);
    const others = ['127.0.0.1', 'localhost', '[::ffff:7f00:1]'].map(closed);
    await insertRows(panel, 'sidecar_outbox', [
      ...[...to, ...others, `https://localhost:${receiver.port}/`, 'https://127.0.0.1:1/'].map((target) =>
        messageTo(target),
      ),
      messageTo(lastTry(), { attempts: 9 }),
      messageTo(unknown, { next_attempt_at: Date.now() - 11 * 60_000 }),
      messageTo(unknown, { next_attempt_at: Date.now() - 60_000 }),
      messageTo(unknown, { next_attempt_at: null, last_error: 'old', created_at: Date.now() - 31 * day }),
      messageTo(unknown, { next_attempt_at: null, last_error: 'young', created_at: Date.now() - 29 * day }),
    ]);
    // Must not be believed by whoever sends secrets about.
    service = await startWith(panel, config, { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    await until(async () => {
      const waiting = (await outboxOf(panel)).filter(({ endpoint }) => endpoint !== unknown);
      return (
        waiting.every(({ last_error }) => last_error !== null) && receiver.at('/fails-once').length === 2
      );
    });
  });

  it('are kept with the reason, but not with what was answered', async () => {
    const reasons = (await outboxOf(panel))
      .filter(({ endpoint }) => endpoint !== unknown)
      .map(({ endpoint, last_error }) => [String(endpoint), last_error]);
    expect(Object.fromEntries(reasons)).toEqual({
      [url('/fails')]: 'answered 503',
      [url('/redirect')]: 'answered 307',
      [url('/gone')]: 'answered 410',
      [url('/silent')]: 'no answer within 10 s',
      [url('/hangs-up')]: 'could not be reached: ECONNRESET',
      [url('/switches')]: 'the connection was closed without an answer',
      [url('/no-authority')]: 'could not be reached: UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      [`https://localhost:${receiver.port}/`]: 'could not be reached: ERR_TLS_CERT_ALTNAME_INVALID',
      [closed('127.0.0.1')]: '127.0.0.1 is no public address, which needs allow_private',
      [closed('localhost')]: expect.stringMatching(/^(127\.0\.0\.1|::1) is no public address, which needs/),
      [closed('[::ffff:7f00:1]')]: '::ffff:7f00:1 is no public address, which needs allow_private',
      'https://127.0.0.1:1/': 'could not be reached: ECONNREFUSED',
    });
  });

  it('to a private address open no connection at all', () => {
    expect(unreachable.connections()).toBe(0);
  });

  it('are sent nowhere else by a redirect', () => {
    expect(receiver.at('/redirect').length).toBeGreaterThan(0);
    expect(receiver.at('/elsewhere')).toEqual([]);
  });

  it('are tried again after a pause, signed anew under the same id', async () => {
    const [first, second, ...others] = receiver.at('/fails-once');
    if (first === undefined || second === undefined) throw new Error('not tried twice');
    expect(others).toEqual([]);
    expect(second.at - first.at).toBeGreaterThanOrEqual(4500);
    expect(second.at - first.at).toBeLessThan(9000);
    expect(second.body).toBe(first.body);
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    expect(second.headers['webhook-timestamp']).not.toBe(first.headers['webhook-timestamp']);
    for (const { headers, body } of [first, second]) {
      expect(headers['webhook-signature']).toBe(await signatureOf(secret, headers, body));
    }
    expect(await rowFor(url('/fails-once'))).toEqual([]);
  });

  it('wait for their next try with nobody holding them', async () => {
    const [row, ...others] = await rowFor(url('/silent'));
    expect(others).toEqual([]);
    expect(row).toMatchObject({ attempts: 1, claimed_until: 0 });
    const pause = Number(row?.next_attempt_at) - Date.now();
    expect(pause).toBeGreaterThan(0);
    expect(pause).toBeLessThanOrEqual(5500);
  });

  it('are dead after the tenth try', async () => {
    expect(await rowFor(lastTry())).toMatchObject([
      { attempts: 10, next_attempt_at: null, claimed_until: 0, last_error: 'answered 410' },
    ]);
    expect(receiver.at('/gone')).toHaveLength(1);
  });

  it('are dead where no process knows their endpoint, after a while; the dead are kept for 30 days', async () => {
    const rows = await rowFor(unknown);
    expect(rows.map(({ next_attempt_at, last_error }) => [next_attempt_at !== null, last_error])).toEqual([
      [false, 'the endpoint is no longer configured'],
      [true, null],
      [false, 'young'],
    ]);
  });

  it('are logged by host, without path, body or secret', async () => {
    const lines = service.log.map((line) => JSON.parse(line)).filter(({ level }) => level >= 40);
    const { message_id: messageId } = (await rowFor(lastTry()))[0] ?? {};
    const endpoint = `127.0.0.1:${receiver.port}`;
    const errors = lines.filter(({ level }) => level === 50).map(({ time: _time, ...line }) => line);
    expect(errors).toHaveLength(2);
    expect(errors).toContainEqual({
      ...{ level: 50, endpoint, messageId, attempt: 10, reason: 'answered 410' },
      msg: 'a webhook message was given up',
    });
    expect(errors).toContainEqual({
      ...{ level: 50, count: 1 },
      msg: 'webhook messages were given up: their endpoint is no longer configured',
    });
    const tried = lines.find(({ reason }) => reason === 'answered 503');
    expect(Object.keys(tried).sort()).toEqual(
      ['attempt', 'endpoint', 'level', 'messageId', 'msg', 'reason', 'retryInSeconds', 'time'].sort(),
    );
    expect(tried).toMatchObject({ level: 40, endpoint, attempt: 1, retryInSeconds: 5 });
    const all = service.log.join('\n');
    for (const hidden of [secret.slice(6), '/fails', '/gone', 'the answer', '"type"', 'unknown.example']) {
      expect(all).not.toContain(hidden);
    }
  });

  it('are counted', async () => {
    const { text } = await send(service.url, { path: '/metrics' });
    const count = (outcome: string) =>
      Number(
        new RegExp(`^panel_sidecar_webhooks_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm').exec(text)?.[1],
      );
    expect(count('delivered')).toBe(2);
    expect(count('dead')).toBe(2);
    expect(count('failed')).toBeGreaterThanOrEqual(13);
  });

  it('count as arrived by the head of the answer, of which no more than a bounded part is read', async () => {
    await Promise.all(cut);
    expect(receiver.at('/endless')).toHaveLength(1);
    expect(await rowFor(url('/endless'))).toEqual([]);
  });
});
