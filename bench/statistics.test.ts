import { expect, it } from 'vitest';
import { quantile, spread } from './statistics.ts';

it('gives median, p10 and p90 of an unsorted sample', () => {
  expect(spread([10, 0, 9, 1, 8, 2, 7, 3, 6, 4, 5])).toEqual({ median: 5, p10: 1, p90: 9 });
});

it('interpolates between neighbours', () => {
  expect(quantile([1, 2], 0.5)).toBe(1.5);
  expect(quantile([0, 10], 0.95)).toBeCloseTo(9.5);
});

it('refuses an empty sample', () => {
  expect(() => spread([])).toThrow(RangeError);
});
