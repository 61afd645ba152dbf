import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { extraFields } from '../../src/api-keys/api-key.ts';
import { keySearchQuery } from '../../src/api-keys/query-schema.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { type RunningService, startService } from '../support/service.ts';
import { execute, inOrder, readExamples } from './examples.ts';
import { codeIn, readDocument, sectionOf, tableRows } from './markdown.ts';
import { expectTaken, programLines } from './program-commands.ts';
import { seedReadmeState } from './readme-state.ts';

const document = readDocument('docs/keys.md');
const examples = readExamples(document);
let panel: PanelDatabase;
let service: RunningService;

beforeAll(async () => {
  panel = await createPanelDatabase('pterodactyl', 'mariadb');
  await seedReadmeState(panel);
  await migrateOwnTables(panel);
  service = await startService(panel.folder);
});

afterAll(async () => {
  await service?.stop();
  await panel?.drop();
});

/** Method and path of a command. */
function requestOf(command: string): string {
  const method = /-X (\w+)/.exec(command)?.[1] ?? 'GET';
  const path = /panel\.example\.com\/api\/application\/([^\s'?]+)/.exec(command)?.[1] ?? '';
  return `${method} ${path.replace('users/7', 'users/{user}').replace('ptlc_Zx81kQ0aWm2', '{identifier}')}`;
}

test('every endpoint is shown at work', () => {
  expect(examples.map(({ command, status }) => `${requestOf(command)} ${status}`)).toEqual([
    'POST users/{user}/api-keys 200',
    'POST users/{user}/api-keys 200',
    'GET users/{user}/api-keys/{identifier} 200',
    'GET users/{user}/api-keys 200',
    'PATCH users/{user}/api-keys/{identifier} 200',
    'POST users/{user}/api-keys/{identifier}/disable 200',
    'POST users/{user}/api-keys/{identifier}/enable 200',
    'POST users/{user}/api-keys/{identifier}/rotate 200',
    'POST users/{user}/api-keys/{identifier}/rotate 409',
    'GET api-keys 200',
    'POST users/{user}/api-keys/revoke 200',
    'POST api-keys/revoke 200',
    'POST api-keys/revoke 202',
  ]);
});

// Each goes on with what the ones before it did, as a reader's would.
test.each(examples)('$command answers $status', async ({ command, status, body }) => {
  const answer = await execute(command, service.url);

  expect(answer.status).toBe(status);
  expect(inOrder(answer.body)).toBe(inOrder(body));
});

test('the tables list every attribute and every filter', () => {
  const first = (section: string) =>
    tableRows(sectionOf(document, section)).flatMap(([cell = '']) => codeIn(cell));
  expect(first('What a key tells').sort()).toEqual([...extraFields].sort());
  const filters = Object.keys(keySearchQuery.properties.filter.properties);
  expect(first('Find keys').sort()).toEqual(filters.map((name) => `filter[${name}]`).sort());
});

describe('commands of the program', () => {
  test.each(programLines(document))('%s is one that it takes', expectTaken);
});
