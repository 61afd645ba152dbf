import type { KyselyPlugin } from 'kysely';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadSettings } from '../../src/config/load.ts';
import type { Queries } from '../../src/database/database.ts';
import { loadPanelEnv } from '../../src/panel/env/panel-env.ts';
import { KnownPortIds } from '../../src/panel/port-ids.ts';
import { type OpenPanel, openPanel } from '../../src/startup/open-panel.ts';
import { portsFrom } from '../claims/claiming.ts';
import { createPanelDatabase, type PanelDatabase } from '../support/panel-database.ts';
import { PortSeed } from '../support/port-seed.ts';

let panel: PanelDatabase;
let opened: OpenPanel;
let seed: PortSeed;
let queries: Queries;
let statements: number;
/** The clock that is seen, in milliseconds. */
let now: number;

const counting: KyselyPlugin = {
  transformQuery({ node }) {
    statements += 1;
    return node;
  },
  transformResult: async ({ result }) => result,
};

beforeEach(async () => {
  panel = await createPanelDatabase('pterodactyl', 'mariadb');
  seed = new PortSeed(panel, 'pterodactyl');
  opened = await openPanel(
    loadPanelEnv(panel.folder, {}),
    loadSettings(null, () => null),
  );
  queries = opened.database.queries.withPlugin(counting);
  statements = 0;
  now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await opened?.database.close();
  await panel?.drop();
});

async function nodesOf(...sizes: readonly number[]): Promise<readonly number[]> {
  const nodes: number[] = [];
  for (const size of sizes) {
    const node = await seed.node();
    await seed.ports(node, portsFrom(5000, size));
    nodes.push(node);
  }
  return nodes;
}

test('many nodes are read with one statement, and then known one by one and in any combination', async () => {
  const [a = 0, b = 0, c = 0] = await nodesOf(2, 3, 1);
  const known = new KnownPortIds();
  expect(await known.of(queries, [a, c])).toEqual({ count: 3, from: 1, to: 6, settled: 0 });
  expect(statements).toBe(1);
  expect(await known.of(queries, [a])).toEqual({ count: 2, from: 1, to: 2, settled: 0 });
  expect(statements).toBe(1);
  expect(await known.of(queries, [a, b, c])).toEqual({ count: 6, from: 1, to: 6, settled: 0 });
  expect(statements).toBe(2);
  expect(await known.of(queries, [999])).toBeNull();
});

test('of each node one statement is under way, whoever asks and for whatever set', async () => {
  const [a = 0, b = 0] = await nodesOf(2, 3);
  const known = new KnownPortIds();
  const found = await Promise.all([[a], [a, b], [b], [a], [b, a]].map((ids) => known.of(queries, ids)));
  expect(found.map((ids) => ids?.count)).toEqual([2, 5, 3, 2, 5]);
  expect(statements).toBe(2);
});

test('what is a minute old is read anew by one, while others go on with it', async () => {
  const [a = 0] = await nodesOf(2);
  const known = new KnownPortIds();
  await known.of(queries, [a]);
  await seed.ports(a, portsFrom(6000, 1));
  now = 59_999;
  expect((await known.of(queries, [a]))?.count).toBe(2);
  now = 60_000;
  const [first, ...others] = await Promise.all([a, a, a].map((id) => known.of(queries, [id])));
  expect([first?.count, ...others.map((ids) => ids?.count)]).toEqual([3, 2, 2]);
  expect(statements).toBe(2);
});

test('ids are settled once they have been there for ten minutes', async () => {
  const [a = 0, b = 0] = await nodesOf(2, 3);
  const known = new KnownPortIds();
  expect((await known.of(queries, [a]))?.settled).toBe(0);
  now = 300_000;
  await seed.ports(b, portsFrom(6000, 4));
  expect((await known.of(queries, [a]))?.settled).toBe(0);
  now = 600_000;
  expect((await known.of(queries, [a]))?.settled).toBe(5);
  now = 900_000;
  expect((await known.of(queries, [a]))?.settled).toBe(9);
});

test('a read that failed is tried again', async () => {
  const [a = 0] = await nodesOf(2);
  const known = new KnownPortIds();
  const failing: KyselyPlugin = {
    ...counting,
    transformQuery() {
      throw new Error('broken');
    },
  };
  await expect(known.of(opened.database.queries.withPlugin(failing), [a])).rejects.toThrow('broken');
  expect((await known.of(queries, [a]))?.count).toBe(2);
});

test('free ports among those of a node are counted up to four times as many as it has', async () => {
  const [a = 0, b = 0] = await nodesOf(1, 20);
  await seed.ports(a, portsFrom(6000, 1));
  const known = new KnownPortIds();
  expect(await known.freeAmong(queries, b)).toBe(20);
  expect(await known.freeAmong(queries, a)).toBe(8);
  expect(await known.freeAmong(queries, 999)).toBe(0);
});
