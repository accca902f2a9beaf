import { expect, test } from 'vitest';
import { rateTogether } from './together.ts';

const text = (...times: number[]) => ({ times, ids: times });

test('only the time counts in which all texts are being written', () => {
  // From 2,000 to 4,000 ms: two tokens of the first, four of the second.
  expect(rateTogether([text(1000, 2000, 3000, 4000), text(2000, 2500, 3000, 3500, 4000, 9000)])).toBe(3);
  expect(() => rateTogether([text(1, 2), text(3, 4)])).toThrow(RangeError);
});
