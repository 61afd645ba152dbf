import { expect, test } from 'vitest';
import { median, percentile } from '../../bench/percentile.ts';

test('of a hundred values the percentile is the value of that rank', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);

  expect([1, 50, 99, 100].map((percent) => percentile(values, percent))).toEqual([1, 50, 99, 100]);
});

test('the median is the middle one by size, or the lower of two', () => {
  expect(median([10, 9, 100])).toBe(10);
  expect(median([4, 1, 3, 2])).toBe(2);
  expect(median([7])).toBe(7);
});

test('nothing has no median', () => {
  expect(() => median([])).toThrow(RangeError);
});
