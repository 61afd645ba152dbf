import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mostAttempts, retryDelay } from '../../src/webhooks/backoff.ts';

const hour = 3_600_000;
const random = fc.double({ min: 0, max: 1, noNaN: true });
const failures = Array.from({ length: mostAttempts - 1 }, (_, index) => index + 1);

test('ten tries, over 24 hours give or take the jitter', () => {
  expect(mostAttempts).toBe(10);
  fc.assert(
    fc.property(fc.array(random, { minLength: 9, maxLength: 9 }), (numbers) => {
      const total = failures.reduce(
        (sum, count) => sum + (retryDelay(count, numbers[count - 1] ?? 0) ?? 0),
        0,
      );
      expect(total).toBeGreaterThan(21 * hour);
      expect(total).toBeLessThan(27 * hour);
    }),
  );
});

test('every pause is longer than the one before, whatever the jitter', () => {
  fc.assert(
    fc.property(fc.constantFrom(...failures.slice(1)), random, random, (count, first, second) => {
      expect(retryDelay(count, first)).toBeGreaterThan(retryDelay(count - 1, second) ?? Number.NaN);
    }),
  );
});

test('pauses are whole milliseconds, the first 5 seconds, each a tenth off at most', () => {
  expect([0, 0.5, 1].map((number) => retryDelay(1, number))).toEqual([4500, 5000, 5500]);
  fc.assert(
    fc.property(fc.constantFrom(...failures), random, (count, number) => {
      const middle = retryDelay(count, 0.5) ?? Number.NaN;
      const pause = retryDelay(count, number) ?? Number.NaN;
      expect(Number.isInteger(pause)).toBe(true);
      expect(Math.abs(pause - middle)).toBeLessThanOrEqual(middle / 10 + 1);
    }),
  );
});

test('after the tenth failure there is no more', () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 1000 }), random, (count, number) => {
      expect(retryDelay(count, number)).toBeNull();
    }),
  );
});
