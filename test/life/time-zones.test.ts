import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pterodactyl } from '../support/cells.ts';
import { keyOf, type Life, listedKeys, makeKey, shownKey, startLife, works } from '../support/life.ts';
import { accountKeysOf } from '../support/seed.ts';
import { keysOf } from '../support/sidecar.ts';

// Zones that change their clocks; in the last row the panel's sessions disagree with its clock.
const zones = [
  { zone: 'Europe/Berlin', session: null, stored: '2031-07-01 10:00:00' },
  { zone: 'America/New_York', session: null, stored: '2031-07-01 10:00:00' },
  // Written as Berlin's 12:00 into a session five hours west of UTC.
  { zone: 'Europe/Berlin', session: '-05:00', stored: '2031-07-01 17:00:00' },
] as const;

describe.each(zones)(
  `times of keys, ${pterodactyl}, APP_TIMEZONE $zone, DB_TIMEZONE $session`,
  ({ zone, session, stored }) => {
    let life: Life;
    beforeAll(async () => {
      const env = { APP_TIMEZONE: zone, ...(session === null ? {} : { DB_TIMEZONE: session }) };
      life = await startLife(pterodactyl, env);
    });
    afterAll(() => life.close());

    const summer = '2031-07-01T10:00:00.000Z';

    it('are shown in the panel’s zone, stored as the panel stores them, and exact beside', async () => {
      const user = await life.seed.user();
      const made = await makeKey(life, user, { description: 'x', expires_at: summer });
      const shown = zone === 'Europe/Berlin' ? '2031-07-01T12:00:00+02:00' : '2031-07-01T06:00:00-04:00';
      expect(made.attributes.expires_at).toBe(shown);
      expect((await accountKeysOf(life.panel, user))[0]?.expires_at).toBe(stored);
      const [own] = await life.panel.query('select expires_at from sidecar_keys');
      expect(own?.expires_at).toBe(Date.parse(summer));

      const at = async (instant: string) =>
        listedKeys(await life.ask({ path: `/api/application/api-keys?filter[expires_before]=${instant}` }))
          .length;
      expect([await at('2031-07-01T09:59:59Z'), await at('2031-07-01T10:00:00Z')]).toEqual([0, 1]);
      await life.panel.execute('delete from sidecar_keys');
      expect([await at('2031-07-01T09:59:59Z'), await at('2031-07-01T10:00:00Z')]).toEqual([0, 1]);
      expect(shownKey(await life.ask({ path: keyOf(user, made) })).expires_at).toBe(shown);
      await life.ask({ method: 'POST', path: `${keysOf(user)}/revoke`, body: { all: true } });
    });

    it('a disabled key ended long ago in any zone, and gets its end back to the second', async () => {
      const user = await life.seed.user();
      const made = await makeKey(life, user, { description: 'x', expires_at: summer });
      await life.ask({ method: 'POST', path: `${keyOf(user, made)}/disable` });
      const [row] = await accountKeysOf(life.panel, user);
      expect(String(row?.expires_at)).toMatch(/^1971-01-0[123] /);
      expect(await works(life, user, made)).toBe(false);
      const expired = await life.ask({ path: '/api/application/api-keys?filter[expired]=true' });
      expect(listedKeys(expired)).toEqual([]);
      await life.ask({ method: 'POST', path: `${keyOf(user, made)}/enable` });
      expect((await accountKeysOf(life.panel, user))[0]?.expires_at).toBe(stored);
      expect(await works(life, user, made)).toBe(true);
      await life.ask({ method: 'POST', path: `${keysOf(user)}/revoke`, body: { all: true } });
    });

    it('a key whose end is near works until then, by the panel’s column alone', async () => {
      const user = await life.seed.user();
      const made = await makeKey(life, user, { description: 'x', expires_in: 3000 });
      await life.panel.execute('delete from sidecar_keys');
      expect(await works(life, user, made)).toBe(true);
      const gone = await makeKey(life, user, { description: 'y', expires_in: 3000 });
      await life.panel.execute('delete from sidecar_keys');
      await life.panel.execute(
        'update api_keys set expires_at = expires_at - interval 3001 second where identifier = ?',
        [gone.identifier],
      );
      expect(await works(life, user, gone)).toBe(false);
    });
  },
);
