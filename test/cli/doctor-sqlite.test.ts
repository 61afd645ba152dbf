import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CheckReport } from '../../src/doctor/run-checks.ts';
import { run } from '../support/cli.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';

let panel: PanelDatabase;

beforeAll(async () => {
  panel = await createPanelDatabase('pelican', 'sqlite');
});

afterAll(() => panel.drop());

async function check(name: string): Promise<CheckReport | undefined> {
  const { stdout } = await run(['doctor', '--json', '--panel', panel.folder], { env: {} });
  const { checks } = JSON.parse(stdout) as { checks: readonly CheckReport[] };
  return checks.find((report) => report.name === name);
}

it('says what WAL mode gains while the file is in another mode, and leaves the mode alone', async () => {
  const before = await check('database');
  expect(before).toMatchObject({
    status: 'ok',
    remedy: `in WAL mode those who read and the one who writes would not wait for each other; to switch it on, stop panel and service and run: sqlite3 '${panel.folder}/database.sqlite' 'PRAGMA journal_mode = WAL' (docs/pelican.md)`,
  });
  expect(await panel.query('pragma journal_mode')).toEqual([{ journal_mode: 'delete' }]);

  await panel.query('pragma journal_mode = wal');
  const after = await check('database');
  expect(after).toEqual({ name: 'database', status: 'ok', detail: before?.detail });
});

it("shows the zone of Pelican's answers, not that of APP_TIMEZONE", async () => {
  expect(await check('time zone')).toMatchObject({ status: 'ok', detail: 'answers show UTC' });
});
