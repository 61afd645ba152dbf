import { expect, it } from 'vitest';
import { MemoryRateLimiter } from '../../src/auth/rate-limiter.ts';

const start = new Date('2026-01-02T03:04:05.600Z');
const after = (ms: number) => new Date(start.getTime() + ms);

it('opens a window with the first hit and a new one when that has ended', async () => {
  const limiter = new MemoryRateLimiter(2, 1);
  expect(await limiter.hit('a', start)).toEqual({
    ...{ allowed: true, limit: 2, remaining: 1, retryAfter: 60, resetAt: start.getTime() / 1000 + 60.4 },
  });
  expect(await limiter.hit('a', after(59_999))).toMatchObject({ allowed: true, remaining: 0, retryAfter: 1 });
  expect(await limiter.hit('a', after(59_999))).toMatchObject({ allowed: false, remaining: 0 });
  expect(await limiter.hit('a', after(60_000))).toMatchObject({
    allowed: true,
    remaining: 1,
    retryAfter: 60,
  });
});

it('takes its period in minutes', async () => {
  const limiter = new MemoryRateLimiter(1, 3);
  await limiter.hit('a', start);
  expect(await limiter.hit('a', after(179_999))).toMatchObject({ allowed: false, retryAfter: 1 });
  expect(await limiter.hit('a', after(180_000))).toMatchObject({ allowed: true });
});

it('refused hits do not make a window longer', async () => {
  const limiter = new MemoryRateLimiter(1, 1);
  await limiter.hit('a', start);
  for (let ms = 0; ms < 60_000; ms += 1000) {
    expect(await limiter.hit('a', after(ms))).toMatchObject({ allowed: false });
  }
  expect(await limiter.hit('a', after(60_000))).toMatchObject({ allowed: true });
});

it('forgets one account’s window without touching another’s', async () => {
  const limiter = new MemoryRateLimiter(1, 1);
  await limiter.hit('a', start);
  await limiter.hit('b', after(30_000));
  expect(await limiter.hit('a', after(60_000))).toMatchObject({ allowed: true });
  expect(await limiter.hit('b', after(60_000))).toMatchObject({ allowed: false, retryAfter: 30 });
});
