import { expect, test } from 'vitest';
import type { Epoch, PeerId, RequestId } from '../../ids.ts';
import { type Activation, RESULT_STAGE } from '../../protocol/frame.types.ts';
import type { AuditTerms } from '../../protocol/messages.ts';
import type { PlanView } from '../../session/state.ts';
import { fromFloat32 } from '../../tensor/tensor.ts';
import { Pairs } from './pairs.ts';

const [A, B, C] = ['a', 'b', 'c'].map((letter) => letter.repeat(16) as PeerId) as [PeerId, PeerId, PeerId];
const stages = [A, B].map((peer, at) => ({
  peer,
  start: at,
  end: at + 1,
  weightBytes: 1,
  sendsBytes: 1,
  predictedMs: 1,
}));
const plan = { epoch: 4 as Epoch, stages, status: 'running' } as unknown as PlanView;
const secrets = [A, B].map((peer) => ({ peer, secret: 3 }));
const terms: AuditTerms = { type: 'audit-terms', epoch: 4 as Epoch, stages: 2, rate: 1, own: 5, secrets };

const at = (stage: number, more: Partial<Activation> = {}): Activation => ({
  epoch: 4 as Epoch,
  origin: C,
  request: 1 as RequestId,
  sequence: 0,
  step: 0,
  microBatch: 0,
  microBatches: 1,
  stage,
  trail: [],
  tensors: [fromFloat32([1], Float32Array.of(stage))],
  ...more,
});
const entered = (activation: Activation, holder: PeerId) =>
  ({ kind: 'entered', ticket: 0, holder, activation }) as const;
const left = (activation: Activation, holder: PeerId) =>
  ({ kind: 'left', ticket: 0, holder, activation }) as const;

test('both neighbours of a run make a pair, whoever comes first', () => {
  const pairs = new Pairs(plan, terms);
  expect(pairs.add(C, entered(at(0), A), 0)).toBeUndefined();
  expect(pairs.add(B, left(at(1), A), 5)).toMatchObject({ holder: A, stage: 0, at: 5 });
  expect(pairs.add(C, left(at(RESULT_STAGE), B), 6)).toBeUndefined();
  expect(pairs.add(A, entered(at(1), B), 7)).toMatchObject({ holder: B, stage: 1, at: 7 });
});

test.each<[string, PeerId, ReturnType<typeof entered> | ReturnType<typeof left>]>([
  ['somebody who did not send it', B, entered(at(0), A)],
  ['the holder of its own input', B, entered(at(1), B)],
  ['somebody who did not get it', A, left(at(RESULT_STAGE), B)],
  ['another plan', C, entered(at(0, { epoch: 3 as Epoch }), A)],
  ['a device that holds another stage', C, entered(at(0), B)],
  ['a run with a past', C, entered(at(0, { sequence: 2, step: 1 }), A)],
])('a copy of %s counts for nothing', (_, from, copy) => {
  const pairs = new Pairs(plan, terms);
  pairs.add(from, copy, 0);
  const other = copy.kind === 'entered' ? left(at(1), A) : entered(at(1), B);
  expect(pairs.add(copy.kind === 'entered' ? B : A, other, 0)).toBeUndefined();
});

test('runs that were not chosen are not taken', () => {
  const pairs = new Pairs(plan, { ...terms, rate: 0 });
  pairs.add(C, entered(at(0), A), 0);
  expect(pairs.add(B, left(at(1), A), 0)).toBeUndefined();
});

test('a run that was entered twice is none, also when that turns out later', () => {
  const pairs = new Pairs(plan, terms);
  pairs.add(C, entered(at(0), A), 0);
  pairs.add(C, entered(at(0), A), 0);
  expect(pairs.add(B, left(at(1), A), 0)).toBeUndefined();
  const other = at(0, { request: 2 as RequestId });
  pairs.add(C, entered(other, A), 0);
  const pair = pairs.add(B, left({ ...other, stage: 1 }, A), 0);
  expect(pair && pairs.isClear(pair)).toBe(true);
  pairs.add(C, entered(other, A), 0);
  expect(pair && pairs.isClear(pair)).toBe(false);
});
