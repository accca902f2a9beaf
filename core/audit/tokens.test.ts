import { expect, test } from 'vitest';
import type { Decode } from '../language/decode.ts';
import { GREEDY } from '../language/sampling.ts';
import { fromFloat32, type Tensor, tensor } from '../tensor/tensor.ts';
import { lastRows, tokenDifference } from './tokens.ts';

const scores = fromFloat32([1, 2, 4], Float32Array.of(9, 1, 1, 1, 1, 5, 4.999, -5));
const decode: Decode = { from: 0, keep: 0, count: 2, picks: 1, before: [], sampling: GREEDY };
const token = (id: number): Tensor => tensor('int32', [1, 1], new Uint8Array(Int32Array.of(id).buffer));
const row = lastRows(scores, 1);

test('only the rows that tokens are chosen from are kept', () => {
  expect(row.dims).toEqual([1, 1, 4]);
  expect([...new Float32Array(row.data.buffer)]).toEqual([1, 5, expect.closeTo(4.999), -5]);
});

test('the likeliest token is right, one as likely is rounding, any other is far off', () => {
  expect(tokenDifference(token(1), row, decode)).toMatchObject({ equal: true, relative: 0 });
  expect(tokenDifference(token(2), row, decode)?.relative).toBeLessThan(2e-3);
  expect(tokenDifference(token(0), row, decode)?.relative).toBeGreaterThan(0.3);
  expect(tokenDifference(token(77), row, decode)?.relative).toBe(Number.POSITIVE_INFINITY);
});

test('what was drawn at random says nothing unless it is the same', () => {
  const drawn = { ...decode, sampling: { ...GREEDY, temperature: 0.01 } };
  expect(tokenDifference(token(0), row, drawn)).toBeNull();
});
