import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { closeServices, loadContext, openServices } from '../../src/cli/panel-context.ts';
import { loadSettings } from '../../src/config/load.ts';
import { Janitor } from '../../src/housekeeping/janitor.ts';
import { RowsWithoutKey } from '../../src/housekeeping/rows-without-key.ts';
import { createLogger } from '../../src/logging.ts';
import { loadPanelEnv } from '../../src/panel/env/panel-env.ts';
import { type OpenPanel, openPanel } from '../../src/startup/open-panel.ts';
import { cells } from '../support/cells.ts';
import { insertRows } from '../support/insert-rows.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { PanelSeed, type SeededUser } from '../support/seed.ts';
import { until } from '../support/sidecar.ts';

const hour = 60 * 60 * 1000;

describe.each(cells)('rows of keys that the panel has deleted, %s', (cell) => {
  let panel: PanelDatabase;
  let opened: OpenPanel;
  let seed: PanelSeed;
  let user: SeededUser;
  beforeAll(async () => {
    panel = await createPanelDatabase(cell.panel, cell.on);
    await migrateOwnTables(panel);
    seed = new PanelSeed(panel);
    user = await seed.user();
    opened = await openPanel(
      loadPanelEnv(panel.folder, {}),
      loadSettings(null, () => null),
    );
  });
  afterAll(async () => {
    await opened?.database.close();
    await panel?.drop();
  });
  beforeEach(async () => {
    for (const table of ['api_keys', 'sidecar_keys']) await panel.execute(`delete from ${table}`);
  });

  async function addKey() {
    const key = await seed.key(user, { type: 1 });
    const { id: api_key_id, identifier } = key;
    await insertRows(panel, 'sidecar_keys', [{ api_key_id, identifier, reference: 'order 7' }]);
    return key;
  }

  const left = async () =>
    (await panel.query('select identifier from sidecar_keys order by api_key_id')).map(
      (row) => row.identifier,
    );

  it('are cleared once the key has been missing for an hour', async () => {
    const [gone, kept, back] = [await addKey(), await addKey(), await addKey()];
    const reused = await addKey();
    const rows = new RowsWithoutKey(opened.database);
    await panel.execute('delete from api_keys where id in (?, ?)', [gone.id, back.id]);
    // A database may give the id of a deleted key to a new one.
    await panel.execute("update api_keys set identifier = 'ptlc_Other000001' where id = ?", [reused.id]);
    await rows.clear(0);
    await insertRows(panel, 'api_keys', [
      {
        ...{ id: back.id, user_id: user.id, key_type: 1, identifier: back.identifier, token: 'x' },
        ...{ memo: 'back', allowed_ips: panel.traits.unrestricted, created_at: '2026-01-02 03:04:05' },
      },
    ]);
    await rows.clear(hour - 1);
    expect(await left()).toEqual([gone, kept, back, reused].map(({ identifier }) => identifier));
    await panel.execute('delete from api_keys where id = ?', [back.id]);
    await rows.clear(hour);
    expect(await left()).toEqual([kept, back].map(({ identifier }) => identifier));
    await rows.clear(2 * hour - 1);
    expect(await left()).toEqual([kept, back].map(({ identifier }) => identifier));
    await rows.clear(2 * hour);
    expect(await left()).toEqual([kept.identifier]);
  });

  it('are cleared a few at a time, however many there are', async () => {
    const kept = await addKey();
    const many = Array.from({ length: 500 }, (_, index) => ({
      ...{ api_key_id: kept.id + 1 + index, identifier: `ptlc_${String(index).padStart(11, '0')}` },
    }));
    await insertRows(panel, 'sidecar_keys', many);
    const rows = new RowsWithoutKey(opened.database);
    // 200 at once: three runs see all.
    for (let run = 0; run < 3; run += 1) await rows.clear(0);
    const counts = [];
    for (let run = 0; run < 4; run += 1) {
      await rows.clear(hour);
      counts.push((await left()).length);
    }
    expect(counts).toEqual([302, 102, 1, 1]);
    expect(await left()).toEqual([kept.identifier]);
  });

  it('are cleared by a running service', async () => {
    const services = await openServices(loadContext({ panel: panel.folder }, {}), createLogger('silent'));
    const janitor = new Janitor(services);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    try {
      const gone = await addKey();
      await panel.execute('delete from api_keys where id = ?', [gone.id]);
      // An answer of long ago, which is forgotten behind that: once it is gone a round has been made.
      await insertRows(panel, 'sidecar_idempotency', [
        { fingerprint: 'f'.repeat(64), input_hash: 'h'.repeat(64), created_at: 1 },
      ]);
      janitor.start();
      await until(async () => (await panel.query('select id from sidecar_idempotency')).length === 0);
      expect(await left()).toEqual([gone.identifier]);
      vi.setSystemTime(Date.now() + hour);
      await until(async () => (await left()).length === 0);
    } finally {
      vi.useRealTimers();
      await janitor.stop();
      await closeServices(services);
    }
  });
});
