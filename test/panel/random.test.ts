import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomAlphanumeric } from '../../src/panel/random.ts';

test('has the length asked for, and only letters and digits', () => {
  fc.assert(
    fc.property(fc.nat(200), (length) => {
      expect(randomAlphanumeric(length)).toMatch(new RegExp(`^[A-Za-z0-9]{${length}}$`));
    }),
  );
});

test('never repeats itself', () => {
  expect(new Set(Array.from({ length: 10_000 }, () => randomAlphanumeric(11))).size).toBe(10_000);
});

test('takes each of the 62 characters equally often', () => {
  const expected = 2_000;
  const counts = new Map<string, number>();
  for (const character of randomAlphanumeric(62 * expected)) {
    counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  expect(counts.size).toBe(62);
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // With 61 degrees of freedom a fair source exceeds 160 once in 10^10 runs; taking 256 values modulo 62 would
  // give about 800.
  expect(chiSquare).toBeLessThan(160);
});
