import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cells } from '../support/cells.ts';
import { type Answer, errorsOf } from '../support/client.ts';
import { freeAnywhere, portsOf } from '../support/port-panel.ts';
import { activities } from '../support/seed.ts';
import { freeOn } from '../support/sidecar.ts';
import { expectedPorts, expectedRuns, type ModelQuery, queryText } from './port-model.ts';
import { anyQuery, type SearchedPanel, startSearchedPanel } from './searched-panel.ts';

interface Cursor {
  readonly next: string | null;
  readonly per_page: number;
}

const cursorOf = (answer: Answer) => (answer.json as { meta: { cursor: Cursor } }).meta.cursor;
const numRuns = 30;

describe.each(cells)('searching ports of %s', (cell) => {
  let started: SearchedPanel;
  let path: string;

  beforeAll(async () => {
    started = await startSearchedPanel(cell);
    path = freeOn({ id: started.nodeIds[0] });
  });

  afterAll(() => started?.close());

  const get = (query: string, at = path) => started.send({ path: `${at}?${query}` });
  const expectedIds = (query: ModelQuery) =>
    expectedPorts(started.ports, query, started.rank).map(({ id }) => id);

  /** The ids on all pages, from the first to that without a next one. */
  async function walk(query: string, at = path): Promise<number[]> {
    const ids: number[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const answer = await get(`${query}&cursor=${encodeURIComponent(cursor)}`, at);
      ids.push(...portsOf(answer).map(({ id }) => id));
      cursor = cursorOf(answer).next;
    }
    return ids;
  }

  test('pages by cursor show each port of any search once, in order', async () => {
    const [nodeId] = started.nodeIds;
    await fc.assert(
      fc.asyncProperty(anyQuery([nodeId]), fc.constantFrom(1, 7, 100), async (query, perPage) => {
        const expected = expectedIds(query);
        fc.pre(perPage > 1 || expected.length < 12);
        expect(await walk(queryText(query, { per_page: String(perPage) }))).toEqual(expected);
      }),
      { numRuns },
    );
  }, 90_000);

  test('numbered pages show the same, with its total', async () => {
    const [nodeId] = started.nodeIds;
    await fc.assert(
      fc.asyncProperty(anyQuery([nodeId]), fc.integer({ min: 1, max: 4 }), async (query, page) => {
        const expected = expectedIds(query);
        const answer = await get(queryText(query, { per_page: '20', page: String(page) }));
        expect(portsOf(answer).map(({ id }) => id)).toEqual(expected.slice((page - 1) * 20, page * 20));
        const { pagination } = (answer.json as { meta: { pagination: Record<string, unknown> } }).meta;
        expect(pagination).toMatchObject({ total: expected.length, current_page: page, per_page: 20 });
      }),
      { numRuns },
    );
  }, 90_000);

  test('a list across nodes shows the ports of all of them', async () => {
    const { nodeIds } = started;
    await fc.assert(
      fc.asyncProperty(
        anyQuery(nodeIds),
        fc.subarray([...nodeIds], { minLength: 1 }),
        async (any, chosen) => {
          const query = { ...any, nodeIds: chosen };
          const more = { per_page: '50', 'filter[node_ids]': chosen.join() };
          expect(await walk(queryText(query, more), freeAnywhere)).toEqual(expectedIds(query));
        },
      ),
      { numRuns },
    );
  }, 90_000);

  test('runs of neighbours are found, each port in one of them', async () => {
    const [nodeId] = started.nodeIds;
    const ports = started.ports.filter((port) => port.nodeId === nodeId);
    for (const length of [1, 2, 3, 5, 30]) {
      const expected = expectedRuns(ports, length, started.rank);
      const found: number[][] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const answer = await get(`consecutive=${length}&per_page=4&cursor=${cursor}`);
        const { data } = answer.json as { data: { object: string; attributes: Record<string, unknown> }[] };
        for (const { object, attributes } of data) {
          expect(object).toBe('allocation_run');
          const { ids, ...rest } = attributes;
          const members = ports.filter(({ id }) => (ids as number[]).includes(id));
          const numbers = members.map(({ port }) => port);
          const { ip } = members[0] ?? {};
          const bounds = { from: Math.min(...numbers), to: Math.max(...numbers) };
          expect(rest).toEqual({ node_id: nodeId, ip, ...bounds });
          found.push(ids as number[]);
        }
        cursor = cursorOf(answer).next;
      }
      expect(found).toEqual(expected);
    }
  });

  test('runs come with no more than was asked for, filtered like ports', async () => {
    const answer = await get('consecutive=2&per_page=2&filter[ip]=10.0.0.2');
    const { data } = answer.json as { data: { attributes: { ip: string } }[] };
    expect(data.map(({ attributes }) => attributes.ip)).toEqual(['10.0.0.2', '10.0.0.2']);
    expect(Object.keys((answer.json as { meta: object }).meta)).toEqual(['cursor', 'node']);
  });

  test('held ports show until when only where they were asked for', async () => {
    const shown = portsOf(await get('include_held=1&per_page=100'));
    const held = started.ports.filter(({ nodeId, isHeld }) => isHeld && nodeId === started.nodeIds[0]);
    const withEnd = shown.filter(({ held_until: end }) => end !== null);
    expect(withEnd.map(({ id }) => id).sort()).toEqual(held.map(({ id }) => id).sort());
    for (const { held_until: end } of withEnd) {
      expect(end).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
      expect(Date.parse(end ?? '')).toBeGreaterThan(Date.now() + 3_000_000);
    }
    for (const port of portsOf(await get('per_page=100'))) expect(port).not.toHaveProperty('held_until');
  });

  test.each([
    ['filter[port]=http', 'filter.port', 'regex'],
    ['filter[port]=2-1', 'filter.port', 'regex'],
    ['filter[port]=1-65536', 'filter.port', 'regex'],
    ['filter[port]=1-2-3', 'filter.port', 'regex'],
    ['filter[port][]=1', 'filter.port', 'regex'],
    ['filter[ip][]=10.0.0.1', 'filter.ip', 'string'],
    ['filter[ip]=1%002', 'filter.ip', 'regex'],
    ['filter[alias][a]=b', 'filter.alias', 'string'],
    ['per_page=0', 'per_page', 'min'],
    ['per_page=101', 'per_page', 'max'],
    ['consecutive=0', 'consecutive', 'min'],
    ['consecutive=101', 'consecutive', 'max'],
    ['consecutive=two', 'consecutive', 'integer'],
    ['include_held=maybe', 'include_held', 'boolean'],
    ['cursor=nonsense', 'cursor', 'cursor'],
    ['cursor[]=', 'cursor', 'cursor'],
    [`cursor=${place([1, 2])}`, 'cursor', 'cursor'],
    [`cursor=${place(['one'])}`, 'cursor', 'cursor'],
    [`cursor=${place([99_999_999_999])}`, 'cursor', 'cursor'],
    [`sort=ip&cursor=${place([30_000, '10.0.0.1', 1])}`, 'cursor', 'cursor'],
    [`sort=port&cursor=${place(['10.0.0.1', 30_000, 1])}`, 'cursor', 'cursor'],
    [`consecutive=2&cursor=${place([1])}`, 'cursor', 'cursor'],
  ])('%s is refused, naming the field', async (query, field, rule) => {
    const answer = await get(query);
    expect(answer.status).toBe(422);
    expect(errorsOf(answer).map(({ meta }) => meta)).toEqual([{ source_field: field, rule }]);
  });

  test.each([
    'filter[server_id]=5',
    'filter[colour]=red',
    'filter=red',
    'filter[ip]=',
    'filter[port]=',
    'sort=alias',
    'sort=-colour',
    'sort[]=port',
    'sort=',
    'include=nothing',
  ])('%s changes nothing', async (query) => {
    const [plain, asked] = [await get('per_page=100'), await get(`${query}&per_page=100`)];
    expect((asked.json as { data: unknown }).data).toEqual((plain.json as { data: unknown }).data);
  });

  test('an empty cursor begins at the beginning, in whatever way it is written', async () => {
    const first = portsOf(await get('per_page=3')).map(({ id }) => id);
    for (const cursor of ['cursor=', 'cursor', 'cursor=%20']) {
      const answer = await get(`per_page=3&${cursor}`);
      expect(portsOf(answer).map(({ id }) => id)).toEqual(first);
      expect((answer.json as { meta: object }).meta).toEqual({
        cursor: { next: place([first[2] ?? 0]), per_page: 3 },
        node: expect.anything(),
      });
    }
  });

  test('a page that holds the last port has no next one', async () => {
    const total = portsOf(await get('per_page=100')).length;
    expect(cursorOf(await get(`cursor=&per_page=${total}`)).next).toBeNull();
    expect(cursorOf(await get(`cursor=&per_page=${total - 1}`)).next).not.toBeNull();
    const beyond = await get(`cursor=${place([2_147_483_647])}`);
    expect(portsOf(beyond)).toEqual([]);
    expect(cursorOf(beyond).next).toBeNull();
  });

  test('links of numbered pages keep filters, sort and include', async () => {
    const answer = await get('filter[port]=30000-30020&sort=-port&include=node&per_page=5&page=2');
    const { links } = (answer.json as { meta: { pagination: { links: Record<string, string> } } }).meta
      .pagination;
    const fields = 'filter%5Bport%5D=30000-30020&sort=-port&include=node&per_page=5';
    const at = `${started.services[0]?.url}${path}`;
    expect(links).toEqual({ previous: `${at}?${fields}&page=1`, next: `${at}?${fields}&page=3` });
  });

  test('a port embeds its node and location as far as the caller may read them', async () => {
    const relationsFor = async (key: string, query: string, at = path) => {
      const [port] = portsOf(await started.send({ path: `${at}?per_page=1&${query}`, key }));
      return port?.relationships as Record<string, { object: string; attributes: { id: number } }>;
    };
    const nothing = { object: 'null_resource', attributes: null };
    const narrow = await started.seed.key(started.admin, { allocations: 1 });
    const node = await started.seed.key(started.admin, { allocations: 1, nodes: 1 });

    for (const at of [path, `${freeAnywhere}`]) {
      expect(await relationsFor(narrow, 'include=node,location', at)).toEqual({
        node: nothing,
        location: nothing,
      });
      const relations = await relationsFor(node, 'include=node', at);
      expect(relations.node?.object).toBe('node');
      expect(started.nodeIds).toContain(relations.node?.attributes.id);
      const all = await relationsFor(started.key, 'include[]=node&include[]=location', at);
      expect(Object.keys(all)).toEqual(['node', 'location']);
      if (cell.panel === 'pterodactyl') expect(all.location?.object).toBe('location');
      else expect(all.location).toEqual(nothing);
    }
  });

  test('what was looked at is recorded before the answer', async () => {
    const before = await activities(started.panel, "event = 'node:allocation.view'");
    await get('cursor=&per_page=9&sort=-ip');
    await get('consecutive=2&per_page=8');
    await get('per_page=7', freeAnywhere);
    const after = await activities(started.panel, "event = 'node:allocation.view'");
    const [nodeId] = started.nodeIds;
    expect(after.slice(before.length).map(({ properties }) => properties)).toEqual([
      { node_id: nodeId, page: null, per_page: 9 },
      { node_id: nodeId, page: null, per_page: 8 },
      { node_id: null, page: null, per_page: 7 },
    ]);
  });
});

/** A cursor that stands for these values. */
function place(values: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}
