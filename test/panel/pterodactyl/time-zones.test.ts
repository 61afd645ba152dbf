import { afterEach, describe, expect, it } from 'vitest';
import { pterodactyl } from '../../support/cells.ts';
import { createPanelDatabase } from '../../support/panel-database.ts';
import type { SeededUser } from '../../support/seed.ts';
import { startService } from '../../support/service.ts';
import { freeOn, keysOf, type Sidecar, startSidecar, until } from '../../support/sidecar.ts';

let sidecar: Sidecar | null = null;
afterEach(async () => {
  await sidecar?.close();
  sidecar = null;
});

/** A panel in a zone, a user whose key was made at 03:04:05 UTC, and what the service shows of both. */
async function inZone(env: Record<string, string>) {
  sidecar = await startSidecar(pterodactyl, { env });
  const { panel, seed, send } = sidecar;
  const key = await seed.key(await seed.user({ admin: true }));
  const user = await seed.user();
  await seed.key(user, { type: 1 });
  const shown = async (to: SeededUser = user) => {
    const { json } = await send({ path: keysOf(to), key: key.bearer });
    const { data } = json as { data: { attributes: { created_at: string; last_used_at: string | null } }[] };
    return data.map(({ attributes }) => attributes);
  };
  const create = async () => {
    const body = { description: 'now' };
    const answer = await send({ method: 'POST', path: keysOf(user), key: key.bearer, body });
    const { attributes } = answer.json as { attributes: { identifier: string; created_at: string } };
    const [row] = await panel.query(
      `select unix_timestamp(created_at) as created, unix_timestamp(updated_at) as updated
       from api_keys where identifier = ?`,
      [attributes.identifier],
    );
    return { shown: attributes.created_at, stored: Number(row?.created), updated: Number(row?.updated) };
  };
  const statusWithExpiry = async (secondsFromNow: number) => {
    const expiresAt = new Date(Date.now() + secondsFromNow * 1000).toISOString();
    const own = await seed.key(await seed.user({ admin: true }), {
      expiresAt: expiresAt.slice(0, 19).replace('T', ' '),
    });
    return (await send({ path: keysOf(user), key: own.bearer })).status;
  };
  return { panel, seed, send, key, user, shown, create, statusWithExpiry };
}

const now = () => Date.now() / 1000;
const hour = 3600;
/** Seconds between a test's clock and a row's, far below every shift that is looked for. */
const tolerance = 30;

describe(`times of ${pterodactyl}`, () => {
  it('APP_TIMEZONE decides how times are shown, and not which instants are stored', async () => {
    const { panel, seed, send, key, shown, create, statusWithExpiry } = await inZone({
      APP_TIMEZONE: 'America/New_York',
    });
    expect(await shown()).toMatchObject([{ created_at: '2026-01-01T22:04:05-05:00' }]);
    const summer = await seed.user();
    const own = await seed.key(summer, { type: 1 });
    await panel.execute("update api_keys set created_at = '2026-07-01 12:00:00' where id = ?", [own.id]);
    expect(await shown(summer)).toMatchObject([{ created_at: '2026-07-01T08:00:00-04:00' }]);

    const made = await create();
    expect(made.shown).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-0[45]:00$/);
    expect(Math.abs(made.stored - now())).toBeLessThan(tolerance);
    expect(made.updated).toBe(made.stored);
    expect(Date.parse(made.shown) / 1000).toBe(made.stored);

    expect(await statusWithExpiry(60)).toBe(200);
    expect(await statusWithExpiry(-60)).toBe(401);

    await until(async () => {
      const [row] = await panel.query(
        'select unix_timestamp(last_used_at) as used from api_keys where id = ?',
        [key.id],
      );
      return Math.abs(Number(row?.used) - now()) < tolerance;
    });
    const node = await seed.node(1);
    const free = await send({ path: `${freeOn(node)}?include=node`, key: key.bearer });
    // The panel's Application API shows a node's times in UTC, whatever its own zone is.
    expect(free.text).toContain('"created_at":"2026-01-02T03:04:05+00:00"');
  });

  it.each(['Asia/Kolkata', '+05:30'])(
    'a zone half an hour off, and a DB_TIMEZONE that agrees with it, change nothing either: %s',
    async (zone) => {
      const { shown, create, statusWithExpiry } = await inZone({
        ...{ APP_TIMEZONE: 'Asia/Kolkata', DB_TIMEZONE: zone },
      });
      expect(await shown()).toMatchObject([{ created_at: '2026-01-02T08:34:05+05:30' }]);
      const made = await create();
      expect(Math.abs(made.stored - now())).toBeLessThan(tolerance);
      expect(Date.parse(made.shown) / 1000).toBe(made.stored);
      expect(await statusWithExpiry(60)).toBe(200);
      expect(await statusWithExpiry(-60)).toBe(401);
    },
  );

  it('a DB_TIMEZONE that disagrees shifts stored instants as the panel shifts them', async () => {
    const { panel, key, shown, create, statusWithExpiry } = await inZone({
      ...{ APP_TIMEZONE: 'UTC', DB_TIMEZONE: '-05:00' },
    });
    // 03:04:05 UTC is 22:04:05 in the session, which the panel takes for UTC.
    expect(await shown()).toMatchObject([{ created_at: '2026-01-01T22:04:05+00:00' }]);
    const made = await create();
    expect(Math.abs(Date.parse(made.shown) / 1000 - now())).toBeLessThan(tolerance);
    expect(Math.abs(made.stored - 5 * hour - now())).toBeLessThan(tolerance);
    expect(await statusWithExpiry(5 * hour + 60)).toBe(200);
    expect(await statusWithExpiry(5 * hour - 60)).toBe(401);
    await until(async () => {
      const [row] = await panel.query(
        'select unix_timestamp(last_used_at) as used from api_keys where id = ?',
        [key.id],
      );
      return Math.abs(Number(row?.used) - 5 * hour - now()) < tolerance;
    });
    // The activity log's time comes from the database's own clock, which no session moves.
    const [row] = await panel.query('select unix_timestamp(max(timestamp)) as latest from activity_logs');
    expect(Math.abs(Number(row?.latest) - now())).toBeLessThan(tolerance);
  });

  it('a DB_TIMEZONE that the server does not know stops the start in one line', async () => {
    const panel = await createPanelDatabase(pterodactyl.panel, pterodactyl.on);
    try {
      const env = { APP_TIMEZONE: 'UTC', DB_TIMEZONE: 'Mars/Phobos' };
      const message = await startService(panel.folder, { env }).then(
        () => 'it started',
        (error: Error) => error.message,
      );
      expect(message).toContain('Mars/Phobos');
      expect(message.trim().split('\n')).toHaveLength(1);
    } finally {
      await panel.drop();
    }
  });
});
