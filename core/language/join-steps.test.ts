import { expect, test } from 'vitest';
import { fromIntegers } from '../graph/tensor-proto.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import type { Batching } from './batching.ts';
import { decoderFeeds } from './decoder-feeds.ts';
import type { DecoderIo, DecoderRole } from './decoder-io.ts';
import { isStep, joinSteps, type Step } from './join-steps.ts';
import { GREEDY } from './sampling.ts';

const ROLES: readonly DecoderRole[] = ['ids', 'mask', 'positions', 'scored'];
const IO: DecoderIo = {
  inputs: ROLES.map((role) => ({
    name: role,
    dtype: 'int64',
    dims: role === 'scored' ? [] : ['b', 's'],
    role,
  })),
  scores: { name: 'logits', dtype: 'float32', dims: ['b', 's', 9] },
};
const step = (token: number, keep: number, count = 1): Step => ({
  decode: { from: 0, keep, count, picks: 1, before: [], sampling: GREEDY },
  tensors: decoderFeeds(
    IO,
    Array.from({ length: count }, () => token),
    keep,
    1,
  ),
});
const numbers = (t: Tensor | undefined): number[] =>
  t ? [...new BigInt64Array(t.data.slice().buffer)].map(Number) : [];

test.each<[Batching['side'], number[]]>([
  ['left', [0, 0, 1, 1, 1, 1, 1, 1]],
  ['right', [1, 1, 0, 0, 1, 1, 1, 1]],
])('steps of texts of two lengths become rows, filled up at the %s', (side, mask) => {
  const joined = joinSteps([step(7, 1), step(8, 3)], { side, roles: ROLES });
  expect(joined.map(({ dims }) => dims)).toEqual([[2, 1], [2, 4], [2, 1], []]);
  expect(joined.map(numbers)).toEqual([[7, 8], mask, [1, 3], [1]]);
});

test('what is no step, or is fed as none, is told apart', () => {
  const batching: Batching = { side: 'left', roles: ROLES };
  expect(isStep(step(7, 3), batching)).toBe(true);
  expect(isStep(step(7, 0), batching)).toBe(false);
  expect(isStep(step(7, 3, 2), batching)).toBe(false);
  const { decode, tensors } = step(7, 3);
  expect(isStep({ decode: { ...decode, picks: 0 }, tensors }, batching)).toBe(false);
  expect(isStep({ decode: { ...decode, alone: true }, tensors }, batching)).toBe(false);
  expect(isStep({ decode, tensors: tensors.slice(1) }, batching)).toBe(false);
  const [ids, , ...rest] = tensors as [Tensor, Tensor, ...Tensor[]];
  const short = tensor('int64', [1, 3], fromIntegers('int64', [1, 1, 1]));
  expect(isStep({ decode, tensors: [ids, short, ...rest] }, batching)).toBe(false);
});
