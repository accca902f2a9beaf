import { expect, test } from 'vitest';
import { fromFloat32, type Tensor, tensor } from '../tensor/tensor.ts';
import type { Decode } from './decode.ts';
import { pickTokens } from './pick-tokens.ts';
import { chooseToken, GREEDY } from './sampling.ts';

const ROWS = [
  [0, 3, 1],
  [5, 2, 1],
  [1, 2, 4],
];
const scores = fromFloat32([1, 3, 3], Float32Array.from(ROWS.flat()));
const ask = (change: Partial<Decode>): Decode => ({
  from: 0,
  keep: 10,
  count: 3,
  picks: 1,
  before: [],
  sampling: GREEDY,
  ...change,
});
const values = (t: Tensor): number[] => [...new Int32Array(t.data.slice().buffer)];

test('chooses what comes after the last tokens of a run', () => {
  const chosen = pickTokens(scores, ask({ picks: 2 }));
  expect(chosen).toMatchObject({ dtype: 'int32', dims: [1, 2] });
  expect(values(chosen)).toEqual([0, 2]);
  expect(pickTokens(scores, ask({ picks: 0 })).dims).toEqual([1, 0]);
});

test('reads half precision, and rows fewer than tokens where the model gives only those', () => {
  // 1, 2, 4 in half precision.
  const half = new Uint8Array(Uint16Array.of(0x3c00, 0x4000, 0x4400).buffer);
  expect(values(pickTokens(tensor('float16', [1, 1, 3], half), ask({})))).toEqual([2]);
});

test('the place in the text decides what is drawn, however it was cut into runs', () => {
  const sampling = { ...GREEDY, temperature: 2, seed: 9 };
  const together = values(pickTokens(scores, ask({ keep: 10, count: 3, picks: 3, sampling })));
  const apart = ROWS.map((row, at) => chooseToken(Float32Array.from(row), sampling, [], 10 + at + 1));
  expect(together).toEqual(apart);
});

test('scores that are not those of one text are refused', () => {
  expect(() => pickTokens(scores, ask({ picks: 4, count: 4 }))).toThrow(/shape \[1,3,3\]/);
  expect(() => pickTokens(fromFloat32([3, 3], Float32Array.from(ROWS.flat())), ask({}))).toThrow(/shape/);
  const ints = tensor('int32', [1, 1, 1], new Uint8Array(4));
  expect(() => pickTokens(ints, ask({}))).toThrow(/int32/);
});
