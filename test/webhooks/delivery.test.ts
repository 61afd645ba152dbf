import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from '../support/authority.ts';
import { cells } from '../support/cells.ts';
import { send } from '../support/client.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { PanelSeed } from '../support/seed.ts';
import type { RunningService } from '../support/service.ts';
import { keysOf, until } from '../support/sidecar.ts';
import { startReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';
import {
  entryAt,
  eventOf,
  identifierIn,
  outboxOf,
  runOn,
  secret,
  seedUser,
  signatureOf,
  startWith,
  writeConfig,
} from './support.ts';

let authority: Authority;

beforeAll(async () => {
  authority = await createAuthority();
});

afterAll(() => authority?.remove());

describe.each(cells)('%s', (cell) => {
  let panel: PanelDatabase;
  let receiver: WebhookReceiver;
  let service: RunningService;
  let config: string;

  beforeAll(async () => {
    panel = await createPanelDatabase(cell.panel, cell.on);
    await migrateOwnTables(panel);
    receiver = await startReceiver(authority);
    config = writeConfig(panel, [
      entryAt(receiver, '/all', authority),
      { ...entryAt(receiver, '/revoked?a=b', authority), events: ['revoked'] },
    ]);
    service = await startWith(panel, config);
  });

  afterAll(async () => {
    await service?.stop();
    await receiver?.close();
    await panel?.drop();
  });

  it('tells of keys that are made, rotated and revoked, signed, and each endpoint of what it wants', async () => {
    await seedUser(panel, cell.panel, 7);
    const begin = Date.now();
    const keys = (...args: string[]) => runOn(panel, config, ['keys', ...args]);
    const first = identifierIn(await keys('create', '7', '--description', 'first'));
    const second = identifierIn(await keys('rotate', '7', first));
    await keys('revoke', '7', second);
    await until(async () => (await outboxOf(panel)).length === 0);

    expect(receiver.at('/all').map(eventOf).sort()).toEqual(
      [
        ...[`created ${first} of 7`, `rotated ${second} of 7`],
        ...[`revoked ${first} of 7`, `revoked ${second} of 7`],
      ].sort(),
    );
    expect(receiver.at('/revoked?a=b').map(eventOf).sort()).toEqual(
      [`revoked ${first} of 7`, `revoked ${second} of 7`].sort(),
    );
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(6);
    for (const { method, headers, body, at } of receiver.received) {
      expect(method).toBe('POST');
      expect(headers['content-type']).toBe('application/json');
      expect(headers['webhook-id']).toMatch(/^msg_[0-9a-f-]{36}$/);
      expect(headers['webhook-signature']).toBe(await signatureOf(secret, headers, body));
      expect(at / 1000 - Number(headers['webhook-timestamp'])).toBeLessThan(10);
      const { type, timestamp, data, ...others } = JSON.parse(body);
      expect(others).toEqual({});
      expect(Object.keys(data)).toEqual(['identifier', 'user_id']);
      expect(body).toBe(JSON.stringify({ type, timestamp, data }));
      expect(timestamp).toBe(new Date(timestamp).toISOString());
      expect(Date.parse(timestamp)).toBeGreaterThanOrEqual(begin);
    }
  });
});

describe('over HTTP', () => {
  let panel: PanelDatabase;
  let seed: PanelSeed;
  let receiver: WebhookReceiver;
  let service: RunningService;
  let bearer: string;

  beforeAll(async () => {
    panel = await createPanelDatabase('pterodactyl', 'mariadb');
    await migrateOwnTables(panel);
    seed = new PanelSeed(panel);
    bearer = (await seed.key(await seed.user({ admin: true }))).bearer;
    receiver = await startReceiver(authority);
    service = await startWith(panel, writeConfig(panel, [entryAt(receiver, '/', authority)]));
  });

  afterAll(async () => {
    await service?.stop();
    await receiver?.close();
    await panel?.drop();
  });

  const post = (path: string, body: unknown) =>
    send(service.url, { method: 'POST', path, key: bearer, body });

  it('a revocation of many tells of each', async () => {
    const user = await seed.user();
    const made = await Promise.all(['a', 'b', 'c'].map((memo) => seed.key(user, { type: 1, memo })));
    expect((await post(`${keysOf(user)}/revoke`, { all: true })).status).toBe(200);
    await until(() => receiver.received.length === 3);
    expect(receiver.received.map(eventOf).sort()).toEqual(
      made.map(({ identifier }) => `revoked ${identifier} of ${user.id}`).sort(),
    );
  });

  it('what is refused, or cannot be recorded, is told to nobody', async () => {
    await until(async () => (await outboxOf(panel)).length === 0);
    const before = receiver.received.length;
    const user = await seed.user();
    expect((await post(keysOf(user), { description: '' })).status).toBe(422);
    await panel.execute('alter table activity_logs rename to activity_logs_away');
    const unrecorded = await post(keysOf(user), { description: 'unrecorded' });
    await panel.execute('alter table activity_logs_away rename to activity_logs');
    expect(unrecorded.status).toBe(503);
    // What is made next is told, and nothing else: neither sent nor waiting.
    const made = await post(keysOf(user), { description: 'recorded' });
    const { attributes } = made.json as { attributes: { identifier: string } };
    await until(async () => (await outboxOf(panel)).length === 0);
    expect(receiver.received.slice(before).map(eventOf)).toEqual([
      `created ${attributes.identifier} of ${user.id}`,
    ]);
  });

  it('a message is taken back with its change', async () => {
    await until(async () => (await outboxOf(panel)).length === 0);
    const before = receiver.received.length;
    const user = await seed.user();
    const { identifier } = await seed.key(user, { type: 1 });
    const rotate = () => post(`${keysOf(user)}/${identifier}/rotate`, {});
    // The old key goes after the message about the new one was written.
    await panel.execute(
      "create trigger no_delete before delete on api_keys for each row signal sqlstate '45000'",
    );
    const failed = await rotate();
    await panel.execute('drop trigger no_delete');
    expect(failed.status).toBe(500);
    expect(await panel.query('select identifier from api_keys where user_id = ?', [user.id])).toEqual([
      { identifier },
    ]);
    const made = (await rotate()).json as { attributes: { identifier: string } };
    await until(async () => (await outboxOf(panel)).length === 0);
    expect(receiver.received.slice(before).map(eventOf).sort()).toEqual([
      `revoked ${identifier} of ${user.id}`,
      `rotated ${made.attributes.identifier} of ${user.id}`,
    ]);
  });

  it('what cannot be told is not done', async () => {
    const user = await seed.user();
    const key = await seed.key(user, { type: 1 });
    await panel.execute('alter table sidecar_outbox rename to sidecar_outbox_away');
    const refused = await send(service.url, {
      ...{ method: 'DELETE', path: `${keysOf(user)}/${key.identifier}`, key: bearer },
    });
    const rows = await panel.query('select id from api_keys where id = ?', [key.id]);
    await panel.execute('alter table sidecar_outbox_away rename to sidecar_outbox');
    expect(refused.status).toBe(500);
    expect(rows).toHaveLength(1);
  });
});
