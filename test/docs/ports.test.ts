import { afterAll, beforeAll, expect, test } from 'vitest';
import { allocationQuerySchema, nodesQuerySchema } from '../../src/allocations/schema.ts';
import { claimSchema } from '../../src/claims/schema.ts';
import { migrateOwnTables } from '../support/migrated.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { PortSeed } from '../support/port-seed.ts';
import { type RunningService, startService } from '../support/service.ts';
import { execute } from './examples.ts';
import { type CodeBlock, codeBlocks, codeIn, readDocument, sectionOf, tableRows } from './markdown.ts';
import { type PanelFront, startPanelFront } from './panel-front.ts';
import { expectTaken, programLines } from './program-commands.ts';
import { seedReadmeState } from './readme-state.ts';

const document = readDocument('docs/ports.md');
const blocks = codeBlocks(document);
const commands = blocks.filter(({ language, text }) => language === 'sh' && text.startsWith('curl'));

let panel: PanelDatabase;
let service: RunningService;
let front: PanelFront;
/** What stands in the document for an id, and what it is in this run: a later command names what an earlier made. */
const ids = new Map<string, string>();

beforeAll(async () => {
  panel = await createPanelDatabase('pterodactyl', 'mariadb');
  await seedReadmeState(panel);
  await panel.execute('update api_keys set r_allocations = 3 where key_type = 2');
  await migrateOwnTables(panel);
  service = await startService(panel.folder);
  // Ids that the document's rows do not have.
  const seed = new PortSeed(panel, 'pterodactyl', 100);
  front = await startPanelFront(service.url, seed, 3);
});

afterAll(async () => {
  await front?.stop();
  await service?.stop();
  await panel?.drop();
});

/** What the document says that a command answers, if it says something. */
function documented(command: CodeBlock): { status: number; body: unknown } | null {
  const status = /answers\s+`(\d{3})`/.exec(command.after)?.[1];
  if (status === undefined) return null;
  const next = blocks[blocks.indexOf(command) + 1];
  const body = next?.language === 'json' ? (JSON.parse(next.text) as unknown) : undefined;
  return { status: Number(status), body };
}

test("the README's order consists of commands from here", () => {
  const order = codeBlocks(sectionOf(readDocument('README.md'), 'An order in a billing panel'));
  expect(order.map(({ text }) => text)).toEqual(commands.slice(0, 3).map(({ text }) => text));
});

test('every endpoint is shown at work', () => {
  const shown = commands.map(({ text }) => {
    const method = /-X (\w+)/.exec(text)?.[1] ?? 'GET';
    const path = /\/api\/application\/([^\s'?]+)/.exec(text)?.[1] ?? '';
    return `${method} ${path.replaceAll(/[0-9a-f-]{36}/g, '{id}')}`;
  });
  expect(shown).toEqual([
    'POST allocations/claims',
    'POST servers',
    'GET allocations/claims/{id}',
    'POST allocations/claims',
    'GET allocations/free',
    'GET nodes/3/allocations/free',
    'GET allocations/free',
    'POST allocations/claims',
    'POST allocations/claims/{id}/extend',
    'POST allocations/claims/{id}/replace',
    'DELETE allocations/claims/{id}',
  ]);
});

// Each goes on with what the ones before it did, as a reader's would.
test.each(commands.map((command) => [command.text.split('\n').at(-2)?.trim() ?? '', command] as const))(
  '%s answers what is said',
  async (_title, command) => {
    let text = command.text;
    for (const [written, real] of ids) text = text.replaceAll(written, real);
    const answer = await execute(text, front.url);
    const expected = documented(command);
    if (expected === null) return expect(answer.status).toBe(201);
    remember(answer.body, expected.body);
    expect(answer.status).toBe(expected.status);
    if (expected.body !== undefined) expect(inOrder(answer.body)).toBe(inOrder(expected.body));
  },
);

/** Notes which id was made where the document has one; the replacement's is only named in the last command. */
function remember(answered: unknown, expected: unknown): void {
  const idIn = (body: unknown) => (body as { attributes?: { id?: string } } | undefined)?.attributes?.id;
  const id = idIn(answered);
  if (id === undefined || [...ids.values()].includes(id)) return;
  ids.set(idIn(expected) ?? '6c1c9a51-9a3d-4c5b-9d59-0b5a1de6f1a4', id);
}

/** Text, so that the order of keys counts too, without what is made by chance or is the time of day. */
function inOrder(body: unknown): string {
  return JSON.stringify(body, null, 1)
    .replaceAll(/"id": "[0-9a-f-]{36}"/g, '"id": "<id>"')
    .replaceAll(/"(expires|created)_at": "[\dT:-]{19}\+00:00"/g, '"$1_at": "<time>"');
}

test('the tables list every field of searches and claims', () => {
  /** Names in the first column of the tables of a section, table by table. */
  const namesIn = (heading: string) =>
    sectionOf(document, heading)
      .split(/^(?=\| (?:query|field) \|)/m)
      .slice(1)
      .map((table) => tableRows(table).flatMap(([cell = '']) => codeIn(cell)));
  const fieldsOf = (schema: object) => Object.keys((schema as { properties: object }).properties);
  const [ofOne = [], ofMany = []] = namesIn('Search');
  const namesOf = (schema: object) => {
    const { filter = {} } = (schema as { properties: { filter?: object } }).properties;
    const plain = fieldsOf(schema).filter((name) => name !== 'filter');
    return [...plain, ...fieldsOf(filter).map((name) => `filter[${name}]`)];
  };
  expect(ofOne.toSorted()).toEqual(namesOf(allocationQuerySchema(1)).toSorted());
  // The second table has what there is besides, across nodes.
  const more = namesOf(nodesQuerySchema(1)).filter((name) => !ofOne.includes(name));
  expect(ofMany.toSorted()).toEqual(more.toSorted());
  expect(namesIn('Claim')).toEqual([expect.arrayContaining(fieldsOf(claimSchema))]);
  expect(namesIn('Claim')[0]).toHaveLength(fieldsOf(claimSchema).length);
});

test.each(programLines(document))('%s is one that the program takes', expectTaken);
