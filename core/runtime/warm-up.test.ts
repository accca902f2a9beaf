import { expect, it } from 'vitest';
import { tensor } from '../tensor/tensor.ts';
import { sampleOf } from './warm-up.ts';

it('small integers, which may be shapes, are kept with their values; all else by shape alone', () => {
  expect(sampleOf(tensor('int32', [2], new Uint8Array([1, 0, 0, 0, 7, 0, 0, 0])))).toEqual({
    dims: [2],
    bytes: [1, 0, 0, 0, 7, 0, 0, 0],
  });
  expect(sampleOf(tensor('float32', [1], new Uint8Array(4))).bytes).toBeNull();
  expect(sampleOf(tensor('uint8', [2000], new Uint8Array(2000))).bytes).toBeNull();
});
