import { type RawBuilder, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSettings } from '../../src/config/load.ts';
import { classifyFailure } from '../../src/database/errors.ts';
import { loadPanelEnv } from '../../src/panel/env/panel-env.ts';
import { type OpenPanel, openPanel } from '../../src/startup/open-panel.ts';
import { cells } from '../support/cells.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { until } from '../support/sidecar.ts';

/** Statements that would take minutes, and where a server lists what it works on. */
const onMysql = {
  statement: sql`select count(sha2(concat(a.id, b.id, c.id, d.id), 256)) as endless
    from information_schema.collations a, information_schema.collations b,
      information_schema.collations c, information_schema.collations d`,
  list: 'select info as text from information_schema.processlist',
};
const endless: Readonly<Record<string, { readonly statement: RawBuilder<unknown>; readonly list: string }>> =
  {
    mariadb: onMysql,
    mysql: onMysql,
    postgres: {
      statement: sql`select pg_sleep(600) as endless`,
      list: "select query as text from pg_stat_activity where state = 'active'",
    },
  };

describe.each(cells.filter(({ on }) => on !== 'sqlite'))('%s', (cell) => {
  let panel: PanelDatabase;
  let opened: OpenPanel;

  beforeAll(async () => {
    panel = await createPanelDatabase(cell.panel, cell.on);
    opened = await openPanel(
      loadPanelEnv(panel.folder, {}),
      loadSettings(null, (name) => (name === 'SIDECAR_DATABASE_TIMEOUT_MS' ? '1000' : null)),
    );
  });

  afterAll(async () => {
    await opened?.database.close();
    await panel?.drop();
  });

  test('a statement that nobody waits for any more is ended at the server too', async () => {
    const { statement, list } = endless[cell.on] ?? {};
    if (statement === undefined || list === undefined) throw new Error(`nothing endless for ${cell.on}`);
    const failure = await statement.execute(opened.database.queries).catch(classifyFailure);
    expect(failure).toBe('unavailable');
    await until(async () => {
      const rows = await panel.query(list);
      return !rows.some(({ text }) => /as endless/.test(String(text)) && !/processlist/.test(String(text)));
    });
  });
});
