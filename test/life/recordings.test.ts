import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadRecordings } from '../recorded/recording.ts';
import { replay, withoutChance } from '../recorded/replay.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { recordedEnv, seedRecordedState } from '../support/recorded-state.ts';
import { sealed } from '../support/seed.ts';
import { type RunningService, startService } from '../support/service.ts';

const recordings = loadRecordings('pterodactyl.jsonl').filter(({ request }) => /api-keys/.test(request.path));

interface Side {
  readonly panel: PanelDatabase;
  readonly service: RunningService;
}

let plain: Side;
let migrated: Side;
beforeAll(async () => {
  const start = async (prepare: (panel: PanelDatabase) => Promise<void>): Promise<Side> => {
    const panel = await createPanelDatabase('pterodactyl', 'mariadb');
    await prepare(panel);
    return { panel, service: await startService(panel.folder, { env: recordedEnv }) };
  };
  plain = await start(async () => undefined);
  migrated = await start(migrateOwnTables);
});
afterAll(async () => {
  for (const side of [plain, migrated]) {
    await side?.service.stop();
    await side?.panel.drop();
  }
});

it('a client that knows nothing of the own tables is answered the same whether they are there or not', async () => {
  expect(recordings.length).toBeGreaterThan(80);
  for (const recording of recordings) {
    const [before, after] = await Promise.all(
      [plain, migrated].map(async ({ panel, service }) => {
        await panel.reset((db) => seedRecordedState(db, (secret) => sealed(panel.traits, secret)));
        for (const statement of recording.setup ?? []) await panel.execute(statement);
        const { status, headers, body } = await replay(service.url, recording);
        const { date, 'x-request-id': id, 'content-length': length, ...rest } = headers;
        expect([typeof date, typeof id, typeof length]).not.toContain('number');
        const text = JSON.stringify(withoutChance(body));
        return JSON.stringify([recording.name, status, rest, text]);
      }),
    );
    expect(after).toBe(before);
  }
}, 60_000);
