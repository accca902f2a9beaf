import { expect, test } from 'vitest';
import { fromFloat32, type Tensor, tensor } from '../tensor/tensor.ts';
import { differenceOf } from './difference.ts';

const floats = (...values: number[]): Tensor => fromFloat32([values.length], Float32Array.from(values));
const bytes = (dtype: Tensor['dtype'], ...values: number[]): Tensor =>
  tensor(dtype, [values.length], Uint8Array.from(values));

test('the same bits are no difference, whatever they are', () => {
  const strange = [Number.NaN, Number.POSITIVE_INFINITY, -0, 3];
  expect(differenceOf([floats(...strange)], [floats(...strange)])).toMatchObject({
    equal: true,
    relative: 0,
  });
});

test('a difference is a share of the number and of what is usual in its tensor', () => {
  // The usual size of 3 and 4 is sqrt(12.5).
  const { equal, relative } = differenceOf([floats(3, 4.1)], [floats(3, 4)]);
  expect(equal).toBe(false);
  expect(relative).toBeCloseTo(0.1 / (Math.sqrt(12.5) + 4), 5);
});

test('the worst of all tensors counts', () => {
  const one = [floats(1, 1), floats(1, 1)];
  expect(differenceOf([floats(1, 1), floats(1, 3)], one).relative).toBeCloseTo(1);
});

test('what is all but zero may differ by next to nothing', () => {
  expect(differenceOf([floats(1e-9, 0)], [floats(0, 0)]).relative).toBeLessThan(1e-5);
});

test.each([
  ['another shape', fromFloat32([1, 2], Float32Array.of(1, 2)), floats(1, 2)],
  ['another type', bytes('uint8', 1, 2), bytes('int8', 1, 2)],
  ['no number where there is one', floats(1, Number.NaN), floats(1, 2)],
  ['a number where there is none', floats(1, 2), floats(1, Number.NaN)],
  ['infinity', floats(1, Number.POSITIVE_INFINITY), floats(1, 2)],
])('%s cannot be compared', (_, made, again) => {
  expect(differenceOf([made], [again]).relative).toBe(Number.POSITIVE_INFINITY);
});

test('a missing tensor cannot be compared', () => {
  expect(differenceOf([], [floats(1)]).relative).toBe(Number.POSITIVE_INFINITY);
});

test('whole numbers differ by steps, and some of them', () => {
  const found = differenceOf([bytes('int8', 1, 2, 3, 4)], [bytes('int8', 1, 2, 3, 6)]);
  expect(found).toEqual({ equal: false, relative: 0, steps: 2, share: 0.25 });
});

test('half precision is compared as numbers', () => {
  const half = (...bits: number[]): Tensor =>
    tensor('float16', [bits.length], new Uint8Array(Uint16Array.from(bits).buffer));
  // 1 and 2 in binary16.
  expect(differenceOf([half(0x3c00)], [half(0x4000)]).relative).toBeCloseTo(1 / 4);
});
