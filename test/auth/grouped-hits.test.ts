import { expect, it } from 'vitest';
import { countInGroups, type Hits } from '../../src/auth/grouped-hits.ts';
import { MemoryRateLimiter } from '../../src/auth/memory-rate-limiter.ts';

const requests = { name: 'requests', limit: 3, windowMs: 60_000 };
const failures = { name: 'failures', limit: 3, windowMs: 60_000 };

it('counts with one message what belongs together, and tells each request its own place', async () => {
  const limiter = new MemoryRateLimiter(() => 0);
  const asked: (readonly Hits[])[] = [];
  const count = async (groups: readonly Hits[]) => {
    asked.push(groups);
    return groups.map((group) => limiter.count(group));
  };
  const hits = [
    { limit: requests, who: 'a' },
    { limit: requests, who: 'b' },
    { limit: requests, who: 'a' },
    { limit: failures, who: 'a' },
    { limit: requests, who: 'a' },
  ];
  const counts = async () => (await countInGroups(hits, count)).map((state) => state.count);
  expect(await counts()).toEqual([1, 1, 2, 1, 3]);
  expect(await counts()).toEqual([4, 2, 5, 2, 6]);
  expect(asked[0]?.map(({ limit, who, times }) => [limit.name, who, times])).toEqual([
    ['requests', 'a', 3],
    ['requests', 'b', 1],
    ['failures', 'a', 1],
  ]);
});

it('fails all where a group was not counted', async () => {
  const hits = [{ limit: requests, who: 'a' }];
  await expect(countInGroups(hits, async () => [])).rejects.toThrow('a group of requests was not counted');
});
