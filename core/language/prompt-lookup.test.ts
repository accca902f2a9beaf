import { expect, test } from 'vitest';
import { lookUp } from './prompt-lookup.ts';

test('proposes what followed the same words before, the longest and latest match first', () => {
  expect(lookUp([1, 2, 3, 4, 9, 1, 2], 3)).toEqual([3, 4, 9]);
  expect(lookUp([1, 2, 3, 1, 2, 4, 1, 2], 1)).toEqual([4]);
  expect(lookUp([7, 1, 2, 5, 8, 1, 2, 6, 7, 1, 2], 2)).toEqual([5, 8]);
});

test('proposes nothing where the end is new, or the text too short', () => {
  expect(lookUp([1, 2, 3, 4], 4)).toEqual([]);
  expect(lookUp([1, 1], 4)).toEqual([]);
  expect(lookUp([], 4)).toEqual([]);
});

test('a repetition goes on, also into what is being proposed from', () => {
  expect(lookUp([5, 6, 5, 6, 5, 6], 4)).toEqual([5, 6]);
});
