import { expect, test } from 'vitest';
import type { Epoch, PeerId, RequestId } from '../ids.ts';
import { decoderFeeds } from '../language/decoder-feeds.ts';
import type { DecoderIo } from '../language/decoder-io.ts';
import { GREEDY } from '../language/sampling.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Activation } from '../protocol/frame.types.ts';
import type { LoadStage } from '../protocol/messages.ts';
import { joinActivations, runsOf, StepJoiner } from './step-joiner.ts';

const [A, B] = ['a', 'b'].map((x) => x.repeat(16) as PeerId) as [PeerId, PeerId];
const ROLES = ['ids', 'mask', 'positions'] as const;
const IO: DecoderIo = {
  inputs: ROLES.map((role) => ({ name: role, dtype: 'int64', dims: ['b', 's'], role })),
  scores: { name: 'logits', dtype: 'float32', dims: ['b', 's', 9] },
};
const TERMS = {
  stage: 0,
  holders: [[{ peer: A, ms: 1 }], [{ peer: B, ms: 1 }]],
  batching: { side: 'left', roles: ROLES },
  receives: IO.inputs,
} as unknown as LoadStage;

const step = (origin: PeerId, sequence: number, keep = 3, change: Partial<Activation> = {}): Activation => ({
  epoch: 1 as Epoch,
  origin,
  request: sequence as RequestId,
  sequence,
  step: 4,
  decode: { from: 0, keep, count: 1, picks: 1, before: [], sampling: GREEDY },
  microBatch: 0,
  microBatches: 1,
  stage: 0,
  trail: [],
  tensors: decoderFeeds(IO, [sequence], keep, 1),
  ...change,
});

function joiner() {
  let now = 0;
  const clock = { now: () => now } as Clock;
  const wait = (ms: number): void => {
    now += ms;
  };
  return { it: new StepJoiner(clock), wait };
}

test('steps join where they enter, unless rows could go different ways', () => {
  const { it } = joiner();
  expect(it.joins(step(A, 1), TERMS)).toBe(true);
  const { batching: _, ...without } = TERMS;
  expect(it.joins(step(A, 1), without)).toBe(false);
  expect(it.joins(step(A, 1), { ...TERMS, stage: 1 })).toBe(false);
  const copied = [
    { peer: A, ms: 1 },
    { peer: B, ms: 1 },
  ];
  expect(it.joins(step(A, 1), { ...TERMS, holders: [...TERMS.holders, copied] })).toBe(false);
  // Copies of the first stage each get texts of their own.
  expect(it.joins(step(A, 1), { ...TERMS, holders: [copied] })).toBe(true);
  expect(it.joins(step(A, 1, 3, { joined: [] }), TERMS)).toBe(false);
  const [ids, ...rest] = step(A, 1).tensors;
  if (!ids) throw new Error('there are ids');
  const other = { ...ids, dtype: 'uint64' } as const;
  expect(it.joins(step(A, 1, 3, { tensors: [other, ...rest] }), TERMS)).toBe(false);
  const { decode: __, ...plain } = step(A, 1);
  expect(it.joins(plain, TERMS)).toBe(false);
});

test('there are as many groups under way as stages, of equal size', () => {
  const { it, wait } = joiner();
  const [a, b, c, d, e] = [1, 2, 3, 4, 5].map((sequence) => step(A, sequence)) as [
    Activation,
    Activation,
    Activation,
    Activation,
    Activation,
  ];
  expect(it.order(TERMS, 5, 20)).toEqual({ most: 3 });
  it.entered([a, b, c]);
  expect(it.order(TERMS, 2, 20)).toEqual({ most: 3 });
  it.entered([d, e]);
  // A sixth text, while both groups are away.
  expect(it.order(TERMS, 1, 20)).toEqual({ waitMs: 200 });
  wait(30);
  it.came(b);
  // The first of a group is back: it waits for the others, but not for long.
  expect(it.order(TERMS, 2, 20)).toEqual({ waitMs: 10 });
  wait(4);
  it.came(a);
  expect(it.order(TERMS, 3, 20)).toEqual({ most: 3 });
  wait(6);
  expect(it.order(TERMS, 2, 20)).toEqual({ most: 2 });
});

test('a group whose texts have ended is not awaited for long', () => {
  const { it, wait } = joiner();
  const alone = { ...TERMS, holders: TERMS.holders.slice(0, 1) };
  const [a, b] = [step(A, 1), step(A, 2)];
  it.entered([a]);
  wait(30);
  it.came(a);
  expect(it.order(alone, 1, 20)).toEqual({ most: 1 });
  it.entered([a]);
  it.came(b);
  expect(it.order(alone, 1, 20)).toEqual({ waitMs: 60 });
  wait(61);
  expect(it.order(alone, 1, 20)).toEqual({ most: 1 });
});

test('a group has one order, whoever came first, and comes apart into its runs', () => {
  const activation = joinActivations([step(B, 1, 5), step(A, 7), step(A, 2)], { side: 'left', roles: ROLES });
  if (!activation) throw new Error('three are joined');
  expect(activation.tensors.map(({ dims }) => dims)).toEqual([
    [3, 1],
    [3, 6],
    [3, 1],
  ]);
  const runs = runsOf(activation);
  expect(runs.map(({ origin, sequence, joined }) => [origin, sequence, joined])).toEqual([
    [A, 2, undefined],
    [A, 7, undefined],
    [B, 1, undefined],
  ]);
  const alone = step(A, 1);
  expect(joinActivations([alone], { side: 'left', roles: ROLES })).toBe(alone);
  expect(runsOf(alone)).toEqual([alone]);
});
