import { expect, test } from 'vitest';
import { atMost, Batcher, inFewSizes } from '../../src/database/batcher.ts';
import { DatabaseUnavailableError } from '../../src/database/errors.ts';

/** Batches that answer when told to. */
function controlled() {
  const batches: { keys: readonly number[]; answer: (values: readonly string[]) => void }[] = [];
  const run = (keys: readonly number[]) =>
    new Promise<readonly string[]>((answer) => {
      batches.push({ keys, answer });
    });
  return { batches, run };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('callers of one turn leave together, those who come while they are out form the next batch', async () => {
  const { batches, run } = controlled();
  const batcher = new Batcher(run);

  const first = [batcher.load(1), batcher.load(2)];
  await turn();
  const second = [batcher.load(3), batcher.load(2)];
  await turn();
  expect(batches.map(({ keys }) => keys)).toEqual([[1, 2]]);

  batches[0]?.answer(['one', 'two']);
  expect(await Promise.all(first)).toEqual(['one', 'two']);
  await turn();
  expect(batches.map(({ keys }) => keys)).toEqual([
    [1, 2],
    [3, 2],
  ]);
  batches[1]?.answer(['three', 'two again']);
  expect(await Promise.all(second)).toEqual(['three', 'two again']);
});

test('a batch holds no more than its bound', async () => {
  const sizes: number[] = [];
  const batcher = new Batcher(async (keys: readonly number[]) => {
    sizes.push(keys.length);
    return keys;
  }, atMost(3));

  await Promise.all([1, 2, 3, 4, 5, 6, 7].map((key) => batcher.load(key)));

  expect(sizes).toEqual([3, 3, 1]);
});

test('few sizes of batches are left where each has a text of its own, and nobody waits for ever', async () => {
  const sizes: number[] = [];
  const batcher = new Batcher(async (keys: readonly number[]) => {
    sizes.push(keys.length);
    return keys;
  }, inFewSizes);

  await Promise.all(Array.from({ length: 135 }, (_, key) => batcher.load(key)));

  expect(sizes).toEqual([64, 64, 7]);
  const all = Array.from({ length: 100 }, (_, index) => inFewSizes(index + 1));
  expect([...new Set(all)]).toEqual([
    ...Array.from({ length: 16 }, (_, index) => index + 1),
    24,
    32,
    40,
    48,
    56,
    64,
  ]);
  for (const [index, size] of all.entries()) expect(size).toBeLessThanOrEqual(index + 1);
});

test('a member that fails its batch fails alone', async () => {
  const batcher = new Batcher(async (keys: readonly number[]) => {
    if (keys.includes(2)) throw new Error('two is bad');
    return keys.map(String);
  });

  const outcomes = await Promise.allSettled([1, 2, 3].map((key) => batcher.load(key)));

  expect(outcomes).toEqual([
    { status: 'fulfilled', value: '1' },
    { status: 'rejected', reason: new Error('two is bad') },
    { status: 'fulfilled', value: '3' },
  ]);
});

test('where the database is away, all who wait fail after one attempt', async () => {
  let attempts = 0;
  const batcher = new Batcher(async (): Promise<readonly string[]> => {
    attempts += 1;
    throw new DatabaseUnavailableError('away');
  }, atMost(2));

  const outcomes = await Promise.allSettled([1, 2, 3, 4, 5].map((key) => batcher.load(key)));

  expect(outcomes.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
  expect(attempts).toBe(1);
  await expect(batcher.load(6)).rejects.toThrow('away');
  expect(attempts).toBe(2);
});
