import { expect, test } from 'vitest';
import type { Epoch, PeerId, RequestId } from '../ids.ts';
import { GREEDY } from '../language/sampling.ts';
import type { Activation } from '../protocol/frame.types.ts';
import { isAuditable, isChosen, secretOf } from './chosen.ts';

const A = 'a'.repeat(16) as PeerId;
const B = 'b'.repeat(16) as PeerId;
const hop = (request: number) => ({
  epoch: 9 as Epoch,
  origin: A,
  request: request as RequestId,
  stage: 1,
});
const chosen = (secret: number, rate: number): number[] =>
  Array.from({ length: 100_000 }, (_, at) => at).filter((at) => isChosen(secret, hop(at), rate));

test('as many hops are chosen as the rate says', () => {
  for (const rate of [0.01, 0.1]) expect(chosen(77, rate).length / 100_000 / rate).toBeCloseTo(1, 1);
  expect(chosen(77, 0)).toHaveLength(0);
  expect(chosen(77, 1)).toHaveLength(100_000);
});

test('another secret chooses others', () => {
  const [one, other] = [new Set(chosen(77, 0.1)), chosen(78, 0.1)];
  // By chance a tenth is in both.
  expect(other.filter((at) => one.has(at)).length / other.length).toBeLessThan(0.15);
});

test('who is not told the secret of a holder has none, but of its own requests at either end', () => {
  const terms = {
    type: 'audit-terms',
    epoch: 9 as Epoch,
    stages: 3,
    rate: 1,
    own: 5,
    secrets: [{ peer: A, secret: 6 }],
  } as const;
  expect(secretOf(terms, A, { origin: B, stage: 0 })).toBe(6);
  expect(secretOf(terms, B, { origin: A, stage: 0 })).toBeUndefined();
  expect(secretOf(terms, B, { origin: B, stage: 0 })).toBe(5);
  expect(secretOf(terms, B, { origin: B, stage: 2 })).toBe(5);
  expect(secretOf(terms, B, { origin: B, stage: 1 })).toBeUndefined();
});

test('runs without a past can be checked, and no others', () => {
  const plain = {
    ...hop(1),
    sequence: 0,
    step: 0,
    microBatch: 0,
    microBatches: 1,
    trail: [],
    tensors: [],
  } as Activation;
  const decode = { from: 0, keep: 0, count: 3, picks: 0, before: [], sampling: GREEDY };
  expect(isAuditable(plain)).toBe(true);
  expect(isAuditable({ ...plain, sequence: 4 })).toBe(true);
  expect(isAuditable({ ...plain, sequence: 4, decode })).toBe(true);
  expect(isAuditable({ ...plain, sequence: 4, step: 1 })).toBe(false);
  expect(isAuditable({ ...plain, sequence: 4, decode: { ...decode, from: 3 } })).toBe(false);
  expect(isAuditable({ ...plain, sequence: 4, decode, joined: [] })).toBe(false);
});
