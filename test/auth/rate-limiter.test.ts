import { beforeEach, expect, it } from 'vitest';
import { MemoryRateLimiter } from '../../src/auth/memory-rate-limiter.ts';
import type { RateLimit } from '../../src/auth/rate-limiter.ts';

const start = Date.parse('2026-01-02T03:04:05.600Z');
const twice: RateLimit = { name: 'requests', limit: 2, windowMs: 60_000 };
const once: RateLimit = { name: 'failures', limit: 1, windowMs: 60_000 };

let now: number;
let limiter: MemoryRateLimiter;
/** The result of a hit so many milliseconds after the start. */
const hitAt = (ms: number, limit: RateLimit, who = 'a') => {
  now = start + ms;
  return limiter.hit(limit, who);
};

beforeEach(() => {
  limiter = new MemoryRateLimiter(() => now);
});

it('opens a window with the first hit and a new one when that has ended', async () => {
  expect(await hitAt(0, twice)).toEqual({
    ...{ allowed: true, limit: 2, remaining: 1, retryAfter: 60, resetAt: start / 1000 + 60.4 },
  });
  expect(await hitAt(59_999, twice)).toMatchObject({ allowed: true, remaining: 0, retryAfter: 1 });
  expect(await hitAt(59_999, twice)).toMatchObject({ allowed: false, remaining: 0, retryAfter: 1 });
  expect(await hitAt(60_000, twice)).toMatchObject({ allowed: true, remaining: 1, retryAfter: 60 });
});

it('takes each limit’s own period', async () => {
  const slow = { ...once, windowMs: 180_000 };
  await hitAt(0, slow);
  expect(await hitAt(179_999, slow)).toMatchObject({ allowed: false, retryAfter: 1 });
  expect(await hitAt(180_000, slow)).toMatchObject({ allowed: true, retryAfter: 180 });
});

it('refused hits do not make a window longer', async () => {
  await hitAt(0, once);
  for (let ms = 0; ms < 60_000; ms += 1000) {
    expect(await hitAt(ms, once)).toMatchObject({ allowed: false });
  }
  expect(await hitAt(60_000, once)).toMatchObject({ allowed: true });
});

it('forgets one account’s window without touching another’s', async () => {
  await hitAt(0, once, 'a');
  await hitAt(30_000, once, 'b');
  expect(await hitAt(60_000, once, 'a')).toMatchObject({ allowed: true });
  expect(await hitAt(60_000, once, 'b')).toMatchObject({ allowed: false, retryAfter: 30 });
});

it('keeps the windows of limits with other names apart', async () => {
  await hitAt(0, once);
  expect(await hitAt(0, once)).toMatchObject({ allowed: false });
  expect(await hitAt(0, twice)).toMatchObject({ allowed: true, remaining: 1 });
});

it('forgets the oldest windows where there are more than memory is for', async () => {
  const most = 200_000;
  for (let index = 0; index <= most + 1; index += 1) await hitAt(0, once, `address ${index}`);
  expect(await hitAt(0, once, `address ${most}`)).toMatchObject({ allowed: false });
  expect(await hitAt(0, once, 'address 0')).toMatchObject({ allowed: true });
});
