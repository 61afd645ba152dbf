import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KnownPortCounts, type PortCounts } from '../../src/panel/port-counts.ts';

/** The clock that is seen, in milliseconds. */
let now = 0;
/** The nodes of each statement. */
let statements: (readonly number[])[] = [];

beforeEach(() => {
  now = 0;
  statements = [];
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Counts that take so long, of nodes with so many ports, of which one more is used each time. */
function counts(tookMs: number, total: number): KnownPortCounts {
  return new KnownPortCounts(async (nodeIds) => {
    statements.push(nodeIds);
    now += tookMs;
    return new Map(nodeIds.map((id): [number, PortCounts] => [id, { total, used: statements.length }]));
  });
}

const usedOf = (all: readonly PortCounts[]) => all.map(({ used }) => used);

test('all nodes are counted with one statement, and who comes meanwhile shares the next', async () => {
  const known = counts(1, 100_000);
  const all = Array.from({ length: 300 }, (_, index) => index + 1);
  const found = await Promise.all([known.of(all), known.of(all), known.of([7])]);
  expect(found.map((values) => new Set(usedOf(values)))).toEqual([new Set([1]), new Set([1]), new Set([1])]);
  expect(statements).toEqual([all]);
  expect(usedOf(await known.of([7, 8]))).toEqual([2, 2]);
});

test('what is counted slowly is kept for five seconds', async () => {
  const known = counts(21, 20_000);
  expect(usedOf(await known.of([1, 2]))).toEqual([1, 1]);
  now += 4999;
  expect(usedOf(await known.of([2]))).toEqual([1]);
  now += 1;
  expect(usedOf(await known.of([2]))).toEqual([2]);
});

test('few ports are counted anew, however long it took before', async () => {
  const known = counts(21, 6000);
  expect(usedOf(await known.of([1, 2]))).toEqual([1, 1]);
  expect(usedOf(await known.of([1]))).toEqual([2]);
  expect(usedOf(await known.latest([1]))).toEqual([3]);
});

test('where any age will do, only the first waits, and one count at a time brings the rest up to date', async () => {
  const known = counts(700, 20_000);
  expect(usedOf(await known.latest([1, 2]))).toEqual([1, 1]);
  now += 60_000;
  const found = await Promise.all([known.latest([1, 2]), known.latest([2, 1]), known.latest([1])]);
  expect(found.flatMap(usedOf)).toEqual([1, 1, 1, 1, 1]);
  await vi.waitFor(() => expect(statements).toHaveLength(2));
  await new Promise((resolve) => setImmediate(resolve));
  expect(usedOf(await known.latest([1, 2]))).toEqual([2, 2]);
  expect(statements).toHaveLength(2);
});

test('what was counted quickly since keeps nobody waiting', async () => {
  let tookMs = 700;
  const known = new KnownPortCounts(async (nodeIds) => {
    statements.push(nodeIds);
    now += tookMs;
    return new Map(nodeIds.map((id) => [id, { total: 9000, used: statements.length }]));
  });
  await known.latest([1, 2]);
  tookMs = 1;
  expect(usedOf(await known.of([2]))).toEqual([2]);
  expect(usedOf(await known.latest([1, 2]))).toEqual([1, 2]);
  expect(statements).toHaveLength(2);
});

test('a refresh that fails is tried again', async () => {
  let isBroken = false;
  const known = new KnownPortCounts(async (nodeIds) => {
    statements.push(nodeIds);
    now += 700;
    if (isBroken) throw new Error('broken');
    return new Map(nodeIds.map((id) => [id, { total: 20_000, used: statements.length }]));
  });
  await known.latest([1]);
  isBroken = true;
  now += 6000;
  expect(usedOf(await known.latest([1]))).toEqual([1]);
  await vi.waitFor(() => expect(statements).toHaveLength(2));
  await new Promise((resolve) => setImmediate(resolve));
  isBroken = false;
  await known.latest([1]);
  await vi.waitFor(() => expect(statements).toHaveLength(3));
  await new Promise((resolve) => setImmediate(resolve));
  expect(usedOf(await known.latest([1]))).toEqual([3]);
});

test('a node without ports has none', async () => {
  const known = new KnownPortCounts(async () => new Map());
  expect(await known.of([5])).toEqual([{ total: 0, used: 0 }]);
  expect(await known.of([])).toEqual([]);
});
