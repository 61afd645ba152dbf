import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { databaseNow } from '../../src/claims/claim-store.ts';
import { loadSettings } from '../../src/config/load.ts';
import { loadPanelEnv } from '../../src/panel/env/panel-env.ts';
import { type OpenPanel, openPanel } from '../../src/startup/open-panel.ts';
import { pterodactyl } from '../support/cells.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { defineTimeZone } from '../support/time-zone.ts';

describe(`the clock of ${pterodactyl}`, () => {
  let panel: PanelDatabase;
  let opened: OpenPanel;

  beforeAll(async () => {
    panel = await createPanelDatabase(pterodactyl.panel, pterodactyl.on);
    opened = await openPanel(
      loadPanelEnv(panel.folder, {}),
      loadSettings(null, (name) => (name === 'SIDECAR_DATABASE_POOL_SIZE' ? '1' : null)),
    );
  });

  afterAll(async () => {
    await opened?.database.close();
    await panel?.drop();
  });

  /** The database's clock, in milliseconds, at an instant, in a session of a zone. */
  async function clockAt(seconds: number, zone: string): Promise<number> {
    const { database } = opened;
    await sql`set time_zone = ${sql.lit(zone)}`.execute(database.queries);
    await sql`set timestamp = ${sql.lit(seconds)}`.execute(database.queries);
    const now = await databaseNow(database, database.queries);
    await sql`set timestamp = default`.execute(database.queries);
    return now;
  }

  test('counts milliseconds, whatever the zone of the session is', async () => {
    for (const zone of ['+00:00', '+05:30', '-08:00', 'SYSTEM']) {
      expect(await clockAt(1_764_000_000.123, zone)).toBe(1_764_000_000_123);
    }
  });

  test('goes on steadily in the night in which a local hour comes twice', async () => {
    // Europe/Berlin on 25 October 2026: at 01:00 UTC, 03:00 local time becomes 02:00.
    const end = Date.parse('2026-10-25T01:00:00Z') / 1000;
    const begin = Date.parse('2026-03-29T01:00:00Z') / 1000;
    await defineTimeZone(panel, 'Test/Berlin', [
      { at: begin, offset: 7200 },
      { at: end, offset: 3600 },
    ]);
    for (const offset of [-1800, -1, 0, 1, 1800, 3599, 3600]) {
      expect(await clockAt(end + offset + 0.5, 'Test/Berlin')).toBe((end + offset) * 1000 + 500);
    }
  });
});
