import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Encrypter } from '../../src/panel/encrypter.ts';
import { parseAppKey } from '../../src/panel/env/app-key.ts';
import { serializePhpString } from '../../src/panel/php-string.ts';
import { createPanelDatabase, type PanelDatabase, TEST_APP_KEY } from '../support/panel-database.ts';
import { recordedEnv, seedRecordedState } from '../support/recorded-state.ts';
import { type RunningService, startService } from '../support/service.ts';
import { type Difference, generalDifferences, nodeInfoOf, pterodactylDifferences } from './differences.ts';
import { loadRecordings, type RecordedAnswer, type Recording } from './recording.ts';
import { effectsOf, replay, withoutChance } from './replay.ts';

const recordings = loadRecordings('pterodactyl.jsonl');
const encrypter = new Encrypter([parseAppKey(TEST_APP_KEY)]);

let panel: PanelDatabase;
let service: RunningService;
let lastSeededKey = 0;

beforeAll(async () => {
  panel = await createPanelDatabase('pterodactyl', 'mariadb');
  service = await startService(panel.folder, { env: recordedEnv });
});

afterAll(async () => {
  await service?.stop();
  await panel?.drop();
});

beforeEach(async () => {
  await panel.reset((db) => seedRecordedState(db, (secret) => encrypter.encrypt(serializePhpString(secret))));
});

describe('what the panel with the addon answered', () => {
  it.each(recordings)('$name', async (recording) => {
    for (const statement of recording.setup ?? []) await panel.execute(statement);
    const [{ last } = { last: 0 }] = await panel.query('select max(id) as last from api_keys');
    lastSeededKey = Number(last);

    const answer = await replay(service.url, recording);

    const difference = pterodactylDifferences[recording.name];
    expect(answer.status).toBe(difference?.status ?? recording.response.status);
    expect(inOrder(withoutChance(answer.body))).toEqual(inOrder(expectedBody(recording, difference)));
    if (difference === undefined) expect(answer.headers).toMatchObject(recording.response.headers);
    await expectEffects(recording, difference, answer);
  });

  it('differs only where the documentation says so', () => {
    const documented = readFileSync(new URL('../../docs/compatibility.md', import.meta.url), 'utf8');
    const used = Object.values(pterodactylDifferences).map(({ heading }) => heading);
    for (const heading of [...used, ...Object.values(generalDifferences)]) {
      expect(documented).toContain(`## ${heading}\n`);
    }
    const names = recordings.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(pterodactylDifferences)));
  });
});

/** Text, so that the order of keys counts too. */
function inOrder(body: unknown): string {
  return JSON.stringify(body, null, 1);
}

function expectedBody(recording: Recording, difference: Difference | undefined): unknown {
  const recorded = withoutChance(recording.response.body);
  const body = difference === undefined ? recorded : difference.body(recorded);
  const isPortList =
    recording.request.path.includes('/allocations/free') && recording.response.status === 200;
  if (!isPortList || (difference !== undefined && difference.status !== 200)) return body;
  // allocOnly may not read nodes, and so is told nothing of them.
  if (recording.request.as === 'allocOnly') return body;
  const list = body as { meta: Record<string, unknown> };
  return { ...list, meta: { ...list.meta, node: nodeInfoOf(recording) } };
}

async function expectEffects(
  recording: Recording,
  difference: Difference | undefined,
  answer: RecordedAnswer,
): Promise<void> {
  const effects = await effectsOf(panel, lastSeededKey);
  expect(effects.own).toEqual(ownActivity(recording, answer));
  if (difference === undefined) {
    const { own: _, ...comparable } = effects;
    expect(withoutChance(comparable)).toEqual(withoutChance(recording.database));
    return;
  }
  const seeded = 17 + (recording.setup?.length ?? 0);
  expect(effects.newKeys).toHaveLength(difference.keys === 1 ? 1 : 0);
  expect(effects.seededKeysLeft).toBe(difference.keys === -1 ? seeded - 1 : seeded);
  expect(effects.activity).toHaveLength(difference.keys === undefined ? 0 : 1);
}

/** The one row that only this service writes, if the request calls for one. */
function ownActivity({ request }: Recording, { status, body }: RecordedAnswer): readonly string[] {
  if (status === 403) return JSON.stringify(body).includes('This IP address') ? [] : ['api:refused'];
  if (status !== 200 || request.method !== 'GET') return [];
  return [request.path.includes('/allocations/free') ? 'node:allocation.view' : 'user:api-key.view'];
}
