import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DatabaseUnavailableError } from '../../src/database/errors.ts';
import { QueuePerKey } from '../../src/stored-keys/queue-per-key.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** What became of each work, and when it began. */
function noting(queue: QueuePerKey<string>) {
  const notes: string[] = [];
  const from = Date.now();
  const run = (name: string, work: () => Promise<void>) =>
    queue
      .run(name.slice(0, 1), () => {
        notes.push(`${name} begins at ${Date.now() - from}`);
        return work();
      })
      .catch((error: Error) => {
        notes.push(`${name} fails at ${Date.now() - from}: ${error.message}`);
      });
  return { notes, run };
}

it('runs work for one key in order, and for another beside it', async () => {
  const { notes, run } = noting(new QueuePerKey(1000));
  run('a1', () => after(10));
  run('a2', () => Promise.reject(new Error('a reason of its own')));
  run('a3', () => after(10));
  run('b1', () => after(10));
  await vi.advanceTimersByTimeAsync(100);
  expect(notes).toEqual([
    ...['a1 begins at 0', 'b1 begins at 0', 'a2 begins at 10'],
    ...['a3 begins at 10', 'a2 fails at 10: a reason of its own'],
  ]);
});

it('lets all who wait fail with the one that found the database away, and nobody after', async () => {
  const { notes, run } = noting(new QueuePerKey(1000));
  run('a1', () => after(500).then(() => Promise.reject(new DatabaseUnavailableError('away'))));
  run('a2', () => after(1));
  await vi.advanceTimersByTimeAsync(400);
  run('a3', () => after(1));
  await vi.advanceTimersByTimeAsync(200);
  run('a4', () => after(1));
  await vi.advanceTimersByTimeAsync(100);
  expect(notes).toEqual([
    ...['a1 begins at 0', 'a1 fails at 500: away', 'a2 fails at 500: away', 'a3 fails at 500: away'],
    'a4 begins at 600',
  ]);
});

it('drops who has waited too long, and only them', async () => {
  const { notes, run } = noting(new QueuePerKey(1000));
  run('a1', () => after(1500));
  run('a2', () => after(1));
  await vi.advanceTimersByTimeAsync(1000);
  run('a3', () => after(1));
  await vi.advanceTimersByTimeAsync(1000);
  expect(notes).toEqual([
    'a1 begins at 0',
    'a3 begins at 1500',
    'a2 fails at 1500: too many requests wait for this user',
  ]);
});
