import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCell, type DatabaseName } from '../support/cells.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { recordedSeed } from '../support/recorded-seed.ts';
import { recordedEnv } from '../support/recorded-state.ts';
import { type RunningService, startService } from '../support/service.ts';
import { type Difference, generalDifferences, nodeInfoOf } from './differences.ts';
import { effectsOf } from './effects.ts';
import type { RecordedPanel } from './recorded-panel.ts';
import type { RecordedAnswer, Recording } from './recording.ts';
import { replay, withoutChance } from './replay.ts';

/** Defines one test for each recording of a panel, against the service beside that panel on a database. */
export function replayRecordings(recorded: RecordedPanel, on: DatabaseName): void {
  describe(`${createCell(recorded.panel, on)}`, () => {
    let panel: PanelDatabase;
    let service: RunningService;

    beforeAll(async () => {
      panel = await createPanelDatabase(recorded.panel, on);
      service = await startService(panel.folder, { env: recordedEnv });
    });

    afterAll(async () => {
      await service?.stop();
      await panel?.drop();
    });

    beforeEach(() => panel.reset(recordedSeed(recorded.panel)));

    it.each(recorded.recordings)('$name', async (recording) => {
      for (const statement of recording.setup ?? []) await panel.execute(statement);
      const [{ last } = { last: 0 }] = await panel.query('select max(id) as last from api_keys');

      const answer = await replay(service.url, recording);

      const difference = recorded.differences[recording.name];
      expectAnswer(recorded, recording, answer);
      const effects = await effectsOf(panel, Number(last), recorded.ownColumns);
      expect(effects.own).toEqual(ownActivity(recording, answer));
      if (difference === undefined) expectRecordedEffects(effects, recording);
      else expectEffects(effects, recording, difference);
    });
  });
}

/** Defines the test that every difference is a recording's, and has its reason in the docs. */
export function differencesAreDocumented(recorded: RecordedPanel): void {
  it('differs only where the documentation says so', () => {
    const headings = recorded.docs.flatMap(headingsOf);
    const used = Object.values(recorded.differences).map(({ heading }) => heading);
    for (const heading of [...used, ...Object.values(generalDifferences)]) {
      expect(headings).toContain(heading);
    }
    const names = recorded.recordings.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(recorded.differences)));
  });
}

function headingsOf(file: string): readonly string[] {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading);
}

function expectAnswer(recorded: RecordedPanel, recording: Recording, answer: RecordedAnswer): void {
  const difference = recorded.differences[recording.name];
  expect(answer.status).toBe(difference?.status ?? recording.response.status);
  expect(inOrder(withoutChance(answer.body))).toEqual(inOrder(expectedBody(recorded, recording)));
  if (difference !== undefined) return;
  const { headers } = recording.response;
  expect(answer.headers).toMatchObject(headers);
  // Whether a request counts against the limit shows in whether the header is there.
  expect(answer.headers['x-ratelimit-limit']).toBe(headers['x-ratelimit-limit']);
}

/** Text, so that the order of keys counts too. */
function inOrder(body: unknown): string {
  return JSON.stringify(body, null, 1);
}

function expectedBody({ differences, location }: RecordedPanel, recording: Recording): unknown {
  const difference = differences[recording.name];
  const recordedBody = withoutChance(recording.response.body);
  const body = difference === undefined ? recordedBody : difference.body(recordedBody);
  const isPortList =
    recording.request.path.includes('/allocations/free') && recording.response.status === 200;
  if (!isPortList || (difference !== undefined && difference.status !== 200)) return body;
  // allocOnly may not read nodes, and so is told nothing of them.
  if (recording.request.as === 'allocOnly') return body;
  const list = body as { meta: Record<string, unknown> };
  return { ...list, meta: { ...list.meta, node: nodeInfoOf(recording, location) } };
}

type Effects = Awaited<ReturnType<typeof effectsOf>>;

function expectRecordedEffects({ own: _, ...effects }: Effects, { database }: Recording): void {
  const subjects = [...database.subjects].sort();
  expect(withoutChance(effects)).toEqual(withoutChance({ ...database, subjects }));
}

function expectEffects(effects: Effects, { setup }: Recording, { keys }: Difference): void {
  const seeded = 17 + (setup?.length ?? 0);
  expect(effects.newKeys).toHaveLength(keys === 1 ? 1 : 0);
  expect(effects.seededKeysLeft).toBe(keys === -1 ? seeded - 1 : seeded);
  expect(effects.activity).toHaveLength(keys === undefined ? 0 : 1);
}

/** The one row that only this service writes, if the request calls for one. */
function ownActivity({ request }: Recording, { status, body }: RecordedAnswer): readonly string[] {
  if (status === 403) return JSON.stringify(body).includes('This IP address') ? [] : ['api:refused'];
  if (status !== 200 || request.method !== 'GET') return [];
  return [request.path.includes('/allocations/free') ? 'node:allocation.view' : 'user:api-key.view'];
}
