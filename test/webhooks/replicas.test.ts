import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from '../support/authority.ts';
import { cells } from '../support/cells.ts';
import { send } from '../support/client.ts';
import { insertRows } from '../support/insert-rows.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { PanelSeed } from '../support/seed.ts';
import type { RunningService } from '../support/service.ts';
import { keysOf, until } from '../support/sidecar.ts';
import { startReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { entryAt, messageTo, outboxOf, startWith, writeConfig } from './support.ts';

let authority: Authority;

beforeAll(async () => {
  authority = await createAuthority();
});

afterAll(() => authority?.remove());

/** The ids that came to a receiver, sorted. */
const idsOf = (receiver: WebhookReceiver) =>
  receiver.received.map(({ headers }) => String(headers['webhook-id'])).sort();

describe.each(cells)('%s', (cell) => {
  let panel: PanelDatabase;

  beforeAll(async () => {
    panel = await createPanelDatabase(cell.panel, cell.on);
    await migrateOwnTables(panel);
  });

  afterAll(() => panel?.drop());

  it('of several services, one sends each message', async () => {
    const receiver = await startReceiver(authority);
    const config = writeConfig(panel, [entryAt(receiver, '/', authority)]);
    const services = await Promise.all([startWith(panel, config), startWith(panel, config)]);
    const rows: ReturnType<typeof messageTo>[] = [];
    let sent: readonly number[] = [];
    // Until both have done some of it, or this would prove nothing: on a busy machine one may be late.
    do {
      const more = Array.from({ length: 80 }, () => messageTo(`https://127.0.0.1:${receiver.port}/`));
      rows.push(...more);
      await insertRows(panel, 'sidecar_outbox', more);
      await until(async () => (await outboxOf(panel)).length === 0);
      // A delivery is counted after its row is gone.
      await until(async () => {
        sent = await Promise.all(services.map(deliveredBy));
        return sent.reduce((sum, count) => sum + count) >= rows.length;
      });
    } while (Math.min(...sent) === 0 && rows.length < 1600);
    await Promise.all(services.map((service) => service.stop()));
    await receiver.close();

    expect(idsOf(receiver)).toEqual(rows.map(({ message_id }) => message_id).sort());
    expect(sent.reduce((sum, count) => sum + count)).toBe(rows.length);
    expect(Math.min(...sent)).toBeGreaterThan(0);
  });
});

async function deliveredBy({ url }: RunningService): Promise<number> {
  const { text } = await send(url, { path: '/metrics' });
  return Number(/^panel_sidecar_webhooks_total\{outcome="delivered"\} (\d+)$/m.exec(text)?.[1] ?? 0);
}

describe.each(['mariadb', 'sqlite'] as const)('a service on %s', (on) => {
  let panel: PanelDatabase;
  let seed: PanelSeed;
  let bearer: string;
  let port: number;
  let config: string;
  let service: RunningService;

  beforeAll(async () => {
    panel = await createPanelDatabase('pterodactyl', on);
    await migrateOwnTables(panel);
    seed = new PanelSeed(panel);
    bearer = (await seed.key(await seed.user({ admin: true }))).bearer;
  });

  afterAll(() => panel?.drop());

  beforeEach(async () => {
    const first = await startReceiver(authority);
    port = first.port;
    await first.close();
    config = writeConfig(panel, [entryAt({ port }, '/', authority)]);
    service = await startWith(panel, config);
  });

  afterEach(() => service?.stop());

  const create = async () => {
    const user = await seed.user();
    const path = keysOf(user);
    return send(service.url, { method: 'POST', path, key: bearer, body: { description: 'one' } });
  };

  it('that is killed right after its answer has told of it once it runs again', {
    timeout: 60_000,
  }, async () => {
    // Nobody listens: whatever this service tries is refused.
    expect((await create()).status).toBe(200);
    service.process.kill('SIGKILL');
    await once(service.process, 'exit');
    const [row, ...others] = await outboxOf(panel);
    expect(others).toEqual([]);

    const receiver = await startReceiver(authority, undefined, port);
    service = await startWith(panel, config);
    await until(async () => (await outboxOf(panel)).length === 0);
    await receiver.close();
    expect(idsOf(receiver)).toEqual([row?.message_id]);
    expect(receiver.received[0]?.body).toBe(row?.body);
  });

  // It waits for a claim to end, which is the same everywhere.
  if (on === 'sqlite') {
    it('that is killed while it sends sends again, under the same id', { timeout: 60_000 }, async () => {
      const receiver = await startReceiver(
        authority,
        (_delivered, count, response) => {
          if (count > 1) response.writeHead(204).end();
        },
        port,
      );
      await create();
      await until(() => receiver.received.length === 1);
      service.process.kill('SIGKILL');
      await once(service.process, 'exit');
      const [row] = await outboxOf(panel);
      expect(Number(row?.claimed_until)).toBeGreaterThan(Date.now());
      service = await startWith(panel, config);
      await until(async () => (await outboxOf(panel)).length === 0);
      await receiver.close();
      expect(idsOf(receiver)).toEqual([row?.message_id, row?.message_id]);
      const [, second] = receiver.received;
      // Not before the first one's claim was over.
      expect(second?.at).toBeGreaterThanOrEqual(Number(row?.claimed_until));
    });
  }

  it('that is stopped waits for what it sends', async () => {
    let answer = () => {};
    const receiver = await startReceiver(
      authority,
      (_delivered, _count, response) => {
        answer = () => response.writeHead(204).end();
      },
      port,
    );
    await create();
    await until(() => receiver.received.length === 1);
    const stopped = service.stop();
    await until(() => service.log.some((line) => line.includes('"msg":"stopping"')));
    expect(await outboxOf(panel)).toHaveLength(1);
    answer();
    expect(await stopped).toBe(0);
    await receiver.close();
    expect(await outboxOf(panel)).toEqual([]);
    expect(receiver.received).toHaveLength(1);
  });
});
