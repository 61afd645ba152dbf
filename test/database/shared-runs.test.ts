import { describe, expect, test } from 'vitest';
import { DatabaseUnavailableError } from '../../src/database/errors.ts';
import { SharedRuns } from '../../src/database/shared-runs.ts';

/** Work that a test lets end. */
interface Held {
  readonly work: () => Promise<string>;
  finish(outcome: string | Error): void;
}

function heldWork(starts: string[], name: string): Held {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return {
    work: () => {
      starts.push(name);
      return promise;
    },
    finish: (outcome) => (typeof outcome === 'string' ? resolve(outcome) : reject(outcome)),
  };
}

/** Lets everything happen that can. */
async function turns(): Promise<void> {
  for (let count = 0; count < 5; count += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('shared runs', () => {
  test('who asks for the same in one turn shares a run; who comes later waits for the next', async () => {
    const runs = new SharedRuns();
    const starts: string[] = [];
    const [first, second] = [heldWork(starts, 'first'), heldWork(starts, 'second')];
    const early = [runs.run('line', 'a', first.work), runs.run('line', 'a', first.work)];
    await turns();
    const late = [runs.run('line', 'a', second.work), runs.run('line', 'a', second.work)];
    await turns();
    expect(starts).toEqual(['first']);
    first.finish('one');
    expect(await Promise.all(early)).toEqual(['one', 'one']);
    await turns();
    expect(starts).toEqual(['first', 'second']);
    second.finish('two');
    expect(await Promise.all(late)).toEqual(['two', 'two']);
  });

  test('runs of one line come one after the other, those of others side by side', async () => {
    const runs = new SharedRuns();
    const starts: string[] = [];
    const [a, b, c] = [heldWork(starts, 'a'), heldWork(starts, 'b'), heldWork(starts, 'c')];
    const results = [
      runs.run('line 1', 'a', a.work),
      runs.run('line 1', 'b', b.work),
      runs.run('line 2', 'c', c.work),
    ];
    await turns();
    expect(starts).toEqual(['a', 'c']);
    a.finish('1');
    await turns();
    expect(starts).toEqual(['a', 'c', 'b']);
    b.finish('2');
    c.finish('3');
    expect(await Promise.all(results)).toEqual(['1', '2', '3']);
  });

  test('a run that fails fails for those who share it, and no others', async () => {
    const runs = new SharedRuns();
    const starts: string[] = [];
    const [bad, good] = [heldWork(starts, 'bad'), heldWork(starts, 'good')];
    const first = expect(runs.run('line', 'a', bad.work)).rejects.toThrow('broken');
    const second = runs.run('line', 'b', good.work);
    await turns();
    bad.finish(new Error('broken'));
    await first;
    good.finish('fine');
    expect(await second).toBe('fine');
    expect(starts).toEqual(['bad', 'good']);
  });

  test('where the database is away, all in the line fail together, and the next one begins anew', async () => {
    const runs = new SharedRuns();
    const starts: string[] = [];
    const [away, waiting] = [heldWork(starts, 'away'), heldWork(starts, 'waiting')];
    const failures = [
      expect(runs.run('line', 'a', away.work)).rejects.toThrow('gone'),
      expect(runs.run('line', 'b', waiting.work)).rejects.toThrow('gone'),
    ];
    await turns();
    away.finish(new DatabaseUnavailableError('gone'));
    await Promise.all(failures);
    expect(starts).toEqual(['away']);
    const later = heldWork(starts, 'later');
    later.finish('back');
    expect(await runs.run('line', 'b', later.work)).toBe('back');
  });

  test('where as many wait in a line as may, whoever asks for something else is told to come later', async () => {
    const runs = new SharedRuns(2);
    const starts: string[] = [];
    const [a, b, c] = [heldWork(starts, 'a'), heldWork(starts, 'b'), heldWork(starts, 'c')];
    const running = runs.run('line', 'a', a.work);
    await turns();
    const waiting = ['b', 'c', 'b'].map((name) => runs.run('line', name, name === 'b' ? b.work : c.work));
    const refused = runs.run('line', 'd', a.work);
    await expect(refused).rejects.toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    const elsewhere = runs.run('other line', 'd', async () => 'at once');
    expect(await elsewhere).toBe('at once');
    a.finish('1');
    b.finish('2');
    c.finish('3');
    expect(await Promise.all([running, ...waiting])).toEqual(['1', '2', '3', '2']);
    expect(await runs.run('line', 'd', async () => 'later')).toBe('later');
  });
});
