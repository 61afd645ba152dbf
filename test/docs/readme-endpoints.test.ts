import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { type RunningService, startService } from '../support/service.ts';
import { execute, inOrder, readExamples } from './examples.ts';
import { readDocument, sectionOf } from './markdown.ts';
import { seedReadmeState } from './readme-state.ts';

const examples = readExamples(sectionOf(readDocument('README.md'), 'Endpoints'));
let panel: PanelDatabase;
let service: RunningService;

beforeAll(async () => {
  panel = await createPanelDatabase('pterodactyl', 'mariadb');
  await seedReadmeState(panel);
  service = await startService(panel.folder);
});

afterAll(async () => {
  await service?.stop();
  await panel?.drop();
});

test('the README shows each of the four operations, and a refusal', () => {
  const shown = examples.map(({ command, status }) => `${/-X (\w+)/.exec(command)?.[1] ?? 'GET'} ${status}`);
  expect(shown).toEqual(['GET 200', 'POST 200', 'POST 422', 'DELETE 204', 'GET 200']);
});

test.each(examples)('$command answers $status', async ({ command, status, body }) => {
  const answer = await execute(command, service.url);

  expect(answer.status).toBe(status);
  expect(inOrder(answer.body)).toBe(inOrder(body));
});
