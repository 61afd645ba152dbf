import { afterEach, describe, expect, it } from 'vitest';
import { pelican } from '../../support/cells.ts';
import { keysOf, type Sidecar, startSidecar, until } from '../../support/sidecar.ts';

let sidecar: Sidecar | null = null;
afterEach(async () => {
  await sidecar?.close();
  sidecar = null;
});

/** Milliseconds between a test's clock and a row's, far below every shift that is looked for. */
const tolerance = 30_000;

/** The instant that the panel takes a column's text for. */
const asPanel = (text: unknown) => Date.parse(`${String(text).replace(' ', 'T')}Z`);

// The tests' server is at +05:30, and so are the sessions of a panel that sets no zone of its own.
describe(`times of ${pelican}`, () => {
  it.each([{}, { APP_TIMEZONE: 'America/New_York', DB_TIMEZONE: '-05:00' }])(
    'times are UTC in sessions of the zone that the server has, whatever is set: %j',
    async (env) => {
      sidecar = await startSidecar(pelican, { env });
      const { panel, seed, send } = sidecar;
      const key = await seed.key(await seed.user({ admin: true }));
      const user = await seed.user();
      expect(await panel.query('select @@session.time_zone as zone')).toEqual([{ zone: '+05:30' }]);

      const body = { description: 'now' };
      const answer = await send({ method: 'POST', path: keysOf(user), key: key.bearer, body });
      const { attributes } = answer.json as { attributes: { created_at: string } };
      const [made] = await panel.query(
        'select created_at, updated_at, last_used_at from api_keys where user_id = ?',
        [user.id],
      );
      const shown = asPanel(made?.created_at);
      expect(Math.abs(shown - Date.now())).toBeLessThan(tolerance);
      expect(attributes.created_at).toBe(`${new Date(shown).toISOString().slice(0, 19)}+00:00`);
      expect(made).toMatchObject({ updated_at: made?.created_at, last_used_at: null });

      const [activity] = await panel.query('select max(timestamp) as latest from activity_logs');
      expect(Math.abs(asPanel(activity?.latest) - Date.now())).toBeLessThan(tolerance);
      await until(async () => {
        const [used] = await panel.query('select last_used_at from api_keys where id = ?', [key.id]);
        return Math.abs(asPanel(used?.last_used_at) - Date.now()) < tolerance;
      });
    },
  );

  it('keys of the panel are shown with the times that it wrote, and end when it says', async () => {
    sidecar = await startSidecar(pelican);
    const { seed, send } = sidecar;
    const admin = await seed.user({ admin: true });
    const user = await seed.user();
    await seed.key(user, { type: 1 });
    const ends = async (secondsFromNow: number) => {
      const expiresAt = new Date(Date.now() + secondsFromNow * 1000).toISOString();
      const own = await seed.key(admin, { expiresAt: expiresAt.slice(0, 19).replace('T', ' ') });
      return send({ path: keysOf(user), key: own.bearer });
    };

    expect((await ends(-60)).status).toBe(401);
    const answer = await ends(60);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      data: [{ attributes: { created_at: '2026-01-02T03:04:05+00:00' } }],
    });
  });
});
