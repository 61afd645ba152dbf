import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pelican as pelicanCell, pterodactyl as pterodactylCell } from '../support/cells.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { examine } from './examine.ts';

describe(`${pterodactylCell} and ${pelicanCell}`, () => {
  let pterodactyl: PanelDatabase;
  let pelican: PanelDatabase;

  beforeAll(async () => {
    pterodactyl = await createPanelDatabase('pterodactyl', pterodactylCell.on);
    pelican = await createPanelDatabase('pelican', pelicanCell.on);
  });

  afterAll(async () => {
    await pterodactyl?.drop();
    await pelican?.drop();
  });

  test.each(['UTC', 'Asia/Tokyo', 'America/Phoenix'])('%s has one offset all year', async (zone) => {
    expect(await examine(pterodactyl, 'time zone', { APP_TIMEZONE: zone })).toEqual({
      ...{ name: 'time zone', status: 'ok' },
      detail: `sessions are at +00:00, answers show ${zone}`,
    });
  });

  test.each(['America/New_York', 'Europe/Berlin', 'Australia/Sydney'])('%s has two', async (zone) => {
    expect(await examine(pterodactyl, 'time zone', { APP_TIMEZONE: zone })).toEqual({
      ...{ name: 'time zone', status: 'warn' },
      detail: `sessions are at +00:00, answers show ${zone}, which has daylight-saving time: the panel may take the end of a key for an hour earlier or later`,
      remedy: 'see that no key depends on the hour, or enforce scopes: exact ends are kept there',
    });
  });

  test('a panel that keeps its times in UTC has one, whatever its zone', async () => {
    expect((await examine(pelican, 'time zone', { APP_TIMEZONE: 'America/New_York' })).status).toBe('ok');
  });
});
