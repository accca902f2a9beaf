import { expect, test } from 'vitest';
import { joinRows, type PadSide, rowOf } from './rows.ts';
import { asFloat32, fromFloat32, type Tensor } from './tensor.ts';

/** [1, 2, tokens, 1]: two heads, 1, 2, … and 101, 102, … */
const cache = (tokens: number): Tensor =>
  fromFloat32(
    [1, 2, tokens, 1],
    Float32Array.from({ length: 2 * tokens }, (_, i) => (i < tokens ? 1 + i : 101 + i - tokens)),
  );

test.each<[PadSide, number[]]>([
  ['left', [0, 0, 1, 0, 0, 101, 1, 2, 3, 101, 102, 103]],
  ['right', [1, 0, 0, 101, 0, 0, 1, 2, 3, 101, 102, 103]],
])('rows of different lengths are filled up at the %s, and come apart again', (side, values) => {
  const parts = [cache(1), cache(3)];
  const joined = joinRows(parts, { axis: 2, length: 3, side });
  expect(joined.dims).toEqual([2, 2, 3, 1]);
  expect([...asFloat32(joined)]).toEqual(values);
  expect(rowOf(joined, 0, 2, { axis: 2, length: 1, side })).toEqual(parts[0]);
  expect(rowOf(joined, 1, 2, { axis: 2, length: 3, side })).toEqual(parts[1]);
});

test('rows of one size lie one below the other; one that is missing is zeros', () => {
  const row = fromFloat32([1, 2], Float32Array.of(1, 2));
  const joined = joinRows([row, null, row], null);
  expect([joined.dims, [...asFloat32(joined)]]).toEqual([
    [3, 2],
    [1, 2, 0, 0, 1, 2],
  ]);
  expect(rowOf(joined, 2, 3, null)).toEqual(row);
  expect(() => joinRows([null], null)).toThrow(RangeError);
});
