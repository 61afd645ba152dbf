import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { announceExpiring } from '../../src/housekeeping/announce-expiring.ts';
import { type Authority, createAuthority } from '../support/authority.ts';
import { cells } from '../support/cells.ts';
import { insertRows } from '../support/insert-rows.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { until } from '../support/sidecar.ts';
import { startReceiver } from '../support/webhook-receiver.ts';
import {
  entryAt,
  eventOf,
  openPanelServices,
  outboxOf,
  runOn,
  seedUser,
  startWith,
  writeConfig,
} from './support.ts';

const day = 24 * 60 * 60 * 1000;
/** The whole second in so many days, and its text in a column in UTC. */
const inDays = (days: number) => new Date(Math.floor((Date.now() + days * day) / 1000) * 1000);
const column = (instant: Date) => instant.toISOString().slice(0, 19).replace('T', ' ');

let authority: Authority;

beforeAll(async () => {
  authority = await createAuthority();
});

afterAll(() => authority?.remove());

describe.each(cells)('%s', (cell) => {
  let panel: PanelDatabase;
  let copies = 0;

  beforeAll(async () => {
    panel = await createPanelDatabase(cell.panel, cell.on);
    await migrateOwnTables(panel);
    await seedUser(panel, cell.panel, 7);
    // A key whose secret APP_KEY opens, for the others to be copied from.
    await runOn(panel, writeConfig(panel, []), ['keys', 'create', '7', '--description', 'without end']);
  });

  afterAll(() => panel?.drop());

  /** Writes a key of the user, as the panel or another service would have. */
  async function seedKey(
    expiresAt: Date | null,
    own: Readonly<Record<string, string | number>> | null = null,
  ) {
    const [like] = await panel.query('select * from api_keys order by id limit 1');
    if (like === undefined) throw new Error('no key to take after');
    copies += 1;
    const identifier = `${String(like.identifier).slice(0, 5)}Copy${String(copies).padStart(7, '0')}`;
    const { id: _id, ...columns } = like;
    await insertRows(panel, 'api_keys', [
      { ...columns, identifier, expires_at: expiresAt === null ? null : column(expiresAt) },
    ]);
    const [row] = await panel.query('select id from api_keys where identifier = ?', [identifier]);
    const id = Number(row?.id);
    if (own !== null) await insertRows(panel, 'sidecar_keys', [{ api_key_id: id, identifier, ...own }]);
    return { id, identifier };
  }

  it('keys that end within the days are told of, once for each end', { timeout: 60_000 }, async () => {
    const receiver = await startReceiver(authority);
    const config = writeConfig(panel, [
      { ...entryAt(receiver, '/', authority), events: ['expiring'] },
      { ...entryAt(receiver, '/others', authority), events: ['revoked'] },
    ]);
    const soon = await seedKey(inDays(3));
    await seedKey(inDays(8));
    await seedKey(inDays(-1));
    const exact = await seedKey(null, { expires_at: inDays(6.9).getTime() });
    const later = await seedKey(inDays(5), { expires_at: inDays(7.5).getTime() });
    // Left by a key that had the id before: it says nothing about this one.
    const reused = await seedKey(inDays(2));
    await insertRows(panel, 'sidecar_keys', [
      { api_key_id: reused.id, identifier: 'another', expires_at: inDays(100).getTime() },
    ]);
    const disabled = await seedKey(new Date('1971-01-02T00:00:00Z'), {
      ...{ expires_at: inDays(2).getTime(), disabled_at: 1 },
    });
    await seedKey(inDays(2), { expires_at: inDays(2).getTime(), rotated_to: 'successor' });
    await insertRows(panel, 'sidecar_announcements', [
      { api_key_id: 999_999, ends_at: inDays(-2).getTime() },
    ]);

    const services = await Promise.all([startWith(panel, config), startWith(panel, config)]);
    const isTold = async (count: number) =>
      receiver.received.length >= count && (await outboxOf(panel)).length === 0;
    await until(() => isTold(3));
    await Promise.all(services.map((service) => service.stop()));
    const told = receiver.received.map(eventOf).sort();
    expect(told).toEqual([soon, exact, reused].map(({ identifier }) => `expiring ${identifier} of 7`).sort());
    const announced = await panel.query('select api_key_id from sidecar_announcements order by api_key_id');
    expect(announced).toEqual([soon, exact, reused].map(({ id }) => ({ api_key_id: id })));

    // Another end, one that comes near, one that is enabled; and what was told stays told.
    await panel.execute('update api_keys set expires_at = ? where id = ?', [column(inDays(4)), soon.id]);
    const near = column(inDays(1));
    await panel.execute('update sidecar_keys set expires_at = null where api_key_id = ?', [later.id]);
    await panel.execute('update sidecar_keys set disabled_at = null where api_key_id = ?', [disabled.id]);
    await panel.execute('update api_keys set expires_at = ? where id = ?', [near, disabled.id]);
    const again = await startWith(panel, config);
    await until(() => isTold(6));
    await again.stop();
    await receiver.close();
    expect(receiver.received.slice(3).map(eventOf).sort()).toEqual(
      [soon, later, disabled].map(({ identifier }) => `expiring ${identifier} of 7`).sort(),
    );
    expect(receiver.at('/others')).toEqual([]);
  });

  it('services that look at the same time tell of each key once', async () => {
    await panel.execute('delete from sidecar_announcements');
    await panel.execute('delete from sidecar_keys');
    await panel.execute('update api_keys set expires_at = null');
    const config = writeConfig(panel, [{ url: 'https://hooks.example/', events: ['expiring'] }]);
    const keys: string[] = [];
    for (let count = 0; count < 20; count += 1) keys.push((await seedKey(inDays(1))).identifier);
    const processes = await Promise.all([0, 1, 2].map(() => openPanelServices(panel, config)));
    const { signal } = new AbortController();
    const look = () =>
      Promise.all(processes.map((services) => announceExpiring(services, new Date(), signal)));
    await look();
    const next = column(inDays(2));
    await panel.execute('update api_keys set expires_at = ? where expires_at is not null', [next]);
    await look();
    await look();
    await Promise.all(processes.map(({ database }) => database.close()));
    const told = (await outboxOf(panel)).map(({ body }) => JSON.parse(String(body)).data.identifier);
    expect(told.sort()).toEqual([...keys, ...keys].sort());
  });
});
