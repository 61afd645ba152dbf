import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Totals } from '../../src/database/totals.ts';

/** The clock that the totals see, in milliseconds. */
let now = 0;

beforeEach(() => {
  now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Counting that takes so long, and finds one more each time. */
function counting(tookMs: number) {
  let count = 0;
  return async () => {
    now += tookMs;
    count += 1;
    return count;
  };
}

test('what is counted quickly is counted each time', async () => {
  const [totals, count] = [new Totals(), counting(20)];
  expect(await totals.of('node 1', 'free', count, true)).toBe(1);
  expect(await totals.of('node 1', 'free', count, true)).toBe(2);
});

test('what is counted slowly is kept for five seconds', async () => {
  const [totals, count] = [new Totals(), counting(21)];
  expect(await totals.of('node 1', 'free', count, true)).toBe(1);
  now += 4999;
  expect(await totals.of('node 1', 'free', count, true)).toBe(1);
  now += 1;
  expect(await totals.of('node 1', 'free', count, true)).toBe(2);
  expect(await totals.of('node 1', 'used', count, true)).toBe(3);
  expect(await totals.of('node 2', 'free', count, true)).toBe(4);
});

test('what may not be old is counted each time, however long it takes', async () => {
  const [totals, count] = [new Totals(), counting(3000)];
  expect(await totals.of('node 1', 'free', count, false)).toBe(1);
  expect(await totals.of('node 1', 'free', count, false)).toBe(2);
});

test('who waits while the same is counted slowly gets what was found', async () => {
  const totals = new Totals();
  let counts = 0;
  const count = async () => {
    counts += 1;
    await new Promise((resolve) => setImmediate(resolve));
    now += 100;
    return counts;
  };
  const first = totals.of('node 1', 'free', count, true);
  while (counts === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(await Promise.all([first, totals.of('node 1', 'free', count, true)])).toEqual([1, 1]);
});

test('of one node one count is made at a time', async () => {
  const totals = new Totals();
  let running = 0;
  let most = 0;
  const count = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return 0;
  };
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => totals.of('node 1', name, count, true)));
  expect(most).toBe(1);
});

test('a count that failed is made anew', async () => {
  const totals = new Totals();
  const failing = totals.of('node 1', 'free', () => Promise.reject(new Error('broken')), true);
  await expect(failing).rejects.toThrow('broken');
  expect(await totals.of('node 1', 'free', counting(1), true)).toBe(1);
});

test('no more than a thousand are remembered', async () => {
  const [totals, count] = [new Totals(), counting(0)];
  const slowly = () => {
    now += 21;
    return count();
  };
  for (let node = 0; node <= 1000; node += 1) {
    // All at one time, or the first would be too old.
    now = 0;
    await totals.of(`node ${node}`, 'free', slowly, true);
  }
  expect(await totals.of('node 1', 'free', slowly, true)).toBe(2);
  expect(await totals.of('node 1000', 'free', slowly, true)).toBe(1001);
  expect(await totals.of('node 0', 'free', slowly, true)).toBe(1002);
});

test('no more than eight counts of a node wait', async () => {
  const totals = new Totals();
  const { promise, resolve } = Promise.withResolvers<number>();
  const names = Array.from({ length: 12 }, (_, index) => `alias ${index}`);
  const first = totals.of('filtered 1', 'first', () => promise, true);
  for (let turn = 0; turn < 5; turn += 1) await new Promise((done) => setImmediate(done));
  const counts = Promise.allSettled(names.map((name) => totals.of('filtered 1', name, () => promise, true)));
  expect(await totals.of('all 1', 'free', counting(1), true)).toBe(1);
  resolve(5);
  expect(await first).toBe(5);
  const found = (await counts).filter(({ status }) => status === 'fulfilled');
  expect(found).toHaveLength(8);
});
