import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import { openDatabase } from '../../src/database/open.ts';
import { panelTableNames } from '../../src/panel/detect.ts';
import { loadPanelEnv } from '../../src/panel/env/panel-env.ts';
import { findPanel } from '../../src/startup/find-panel.ts';
import { cells } from '../support/cells.ts';
import { failure, run } from '../support/cli.ts';
import { addMandatoryColumn } from '../support/mandatory-column.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';

const tables = ['api_keys', 'activity_logs', 'activity_log_subjects'];

// The service has no right to see any of these columns, but on SQLite, which knows no rights.
describe.each(cells)('columns that %s has besides', ({ panel: name, on }) => {
  const title = name === 'pelican' ? 'Pelican' : 'Pterodactyl';
  let panel: PanelDatabase;
  let database: Database;

  beforeAll(async () => {
    panel = await createPanelDatabase(name, on);
    const { database: settings } = loadPanelEnv(panel.folder, {});
    const limits = { timeoutMs: 5000, poolSize: 1 };
    database = await openDatabase(settings, limits, { timeZone: null }, panelTableNames);
    for (const table of tables) {
      await panel.execute(`alter table ${table} add column nullable int`);
      await panel.execute(`alter table ${table} add column defaulted int not null default 1`);
    }
  });

  afterAll(async () => {
    await database?.close();
    await panel?.drop();
  });

  it('do not matter while rows can do without them', async () => {
    expect((await findPanel(database)).kind.name).toBe(title);
  });

  it('leave no trace of being looked for', async () => {
    for (const table of tables) {
      expect(await panel.query(`select count(*) as n from ${table}`)).toEqual([{ n: 0 }]);
    }
    // MySQL does not give the number of a row again that was rolled back.
    if (on !== 'mariadb') return;
    const next = await panel.query(`
      select auto_increment as id from information_schema.tables
      where table_schema = database() and table_name in ('api_keys', 'activity_logs')`);
    expect(next).toEqual([{ id: 1 }, { id: 1 }]);
  });

  it('are refused by name where no row can', async () => {
    const found: string[] = [];
    const refusal = () =>
      `${title} has columns that this version does not know and that have no default: ${found.join(', ')}; the database would refuse every row without them, so update panel-sidecar, or give columns of your own a default`;
    for (const table of tables) {
      await addMandatoryColumn(panel, table, 'tenant');
      found.push(`${table}.tenant`);
      await expect(findPanel(database)).rejects.toThrow(refusal());
    }
    expect(await run(['serve', '--panel', panel.folder])).toEqual(failure(refusal()));
    const { code, stdout } = await run(['doctor', '--json', '--panel', panel.folder]);
    expect(code).toBe(1);
    const { checks } = JSON.parse(stdout) as { checks: readonly object[] };
    expect(checks).toContainEqual({ name: 'tables', status: 'fail', detail: refusal() });
  });
});
