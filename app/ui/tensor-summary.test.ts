import { expect, test } from 'vitest';
import { fromFloat32, tensor } from '../../core/tensor/tensor.ts';
import { summarise } from './tensor-summary.ts';

test('floats give range, mean and the first six values', () => {
  const values = Float32Array.from([3, -1, 4, 1, -5, 9, 2, 6]);
  expect(summarise(fromFloat32([2, 4], values))).toEqual({
    min: -5,
    max: 9,
    mean: 2.375,
    first: [3, -1, 4, 1, -5, 9],
  });
});

test('not-a-number shows among the first values but does not spoil the range', () => {
  const { min, max, mean, first } = summarise(fromFloat32([3], Float32Array.from([Number.NaN, 1, 3])));
  expect([min, max, mean]).toEqual([1, 3, 2]);
  expect(first[0]).toBeNaN();
});

test('halves, 64-bit integers and unaligned views are read right', () => {
  const halves = tensor('float16', [4], Uint8Array.from([0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b]));
  expect(summarise(halves).first).toEqual([1, -2, 2 ** -24, 65504]);
  const bytes = new Uint8Array(17);
  new DataView(bytes.buffer).setBigInt64(1, -7n, true);
  new DataView(bytes.buffer).setBigInt64(9, 5n, true);
  expect(summarise(tensor('int64', [2], bytes.subarray(1)))).toMatchObject({ min: -7, max: 5, mean: -1 });
});
