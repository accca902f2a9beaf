import { beforeEach, expect, test, vi } from 'vitest';
import type { Epoch, PeerId, RequestId } from '../ids.ts';
import { GREEDY } from '../language/sampling.ts';
import { systemClock } from '../mesh/clock.ts';
import { type Activation, RESULT_STAGE } from '../protocol/frame.types.ts';
import type { PlanView } from '../session/state.ts';
import { fromFloat32 } from '../tensor/tensor.ts';
import { Asker } from './asker.ts';
import { Sequence } from './sequence.ts';

const ME = '00000000000000aa' as PeerId;
const HOLDER = '00000000000000bb' as PeerId;
const input = [fromFloat32([2], new Float32Array([1, 2]))];
const lost = expect.objectContaining({
  name: 'RequestFailedError',
  data: expect.objectContaining({ step: 'state' }),
});

let sent: Activation[];
let ended: number[];
let broken: boolean;
let asker: Asker;
beforeEach(() => {
  sent = [];
  ended = [];
  broken = false;
  asker = new Asker({
    me: ME,
    clock: systemClock,
    forward: async (_, activation) => {
      sent.push(activation);
      if (broken) throw new Error('the link closed');
    },
    endSequence: (sequence) => void ended.push(sequence),
  });
  asker.setPlan(plan(1));
});

function plan(epoch: number): PlanView {
  const stage = { peer: HOLDER, start: 0, end: 1, weightBytes: 0, sendsBytes: 0, predictedMs: 1 };
  return {
    epoch: epoch as Epoch,
    mode: 'everyone',
    blocks: 1,
    stages: [stage],
    predictedLatencyMs: 1,
    predictedPeriodMs: 1,
    alone: null,
    optimal: true,
    leftOut: [],
    status: 'running',
  };
}

function answer(at = -1): void {
  const last = sent.at(at);
  if (last) asker.receive({ ...last, stage: RESULT_STAGE });
}

async function runs(sequence: Sequence, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const run = sequence.run(input);
    answer();
    await run;
  }
}

test('runs of a sequence are numbered; plain runs are of none', async () => {
  const [one, other] = [new Sequence(asker), new Sequence(asker)];
  await runs(one, 2);
  await runs(other, 1);
  await runs(one, 1);
  const plain = asker.ask(input);
  answer();
  await plain;
  const numbers = sent.map(({ sequence, step }) => [sequence, step]);
  expect(numbers).toEqual([
    [1, 0],
    [1, 1],
    [2, 0],
    [1, 2],
    [0, 0],
  ]);
});

test('several runs may be under way: they leave in order, and one that fails ends those after it', async () => {
  const sequence = new Sequence(asker);
  const all = [sequence.run(input), sequence.run(input), sequence.run(input)];
  expect(sent.map(({ step }) => step)).toEqual([0, 1]);
  answer(0);
  await all[0];
  expect(sent.map(({ step }) => step)).toEqual([0, 1, 2]);
  const [, second, third] = sent;
  asker.failed(second?.request ?? (0 as RequestId), 1, 'run', 'it broke');
  asker.failed(third?.request ?? (0 as RequestId), 1, 'state', 'the state is gone');
  await expect(all[1]).rejects.toThrow('it broke');
  await expect(all[2]).rejects.toEqual(lost);
  await expect(sequence.run(input)).rejects.toEqual(lost);
  expect(ended).toEqual([1]);
});

test('what a decoder is asked travels with its run', async () => {
  const decode = { from: 0, keep: 0, count: 2, picks: 1, before: [], sampling: GREEDY };
  const run = new Sequence(asker).run(input, { decode });
  answer();
  await run;
  expect(sent[0]?.decode).toEqual(decode);
});

test('under another plan the first run enters again; a later one fails, whether under way, waiting or yet to come', async () => {
  const [first, underWay, waiting, idle] = [1, 2, 3, 4].map(() => new Sequence(asker));
  if (!first || !underWay || !waiting || !idle) throw new Error('four sequences');
  for (const sequence of [underWay, waiting, idle]) await runs(sequence, 1);
  const beginning = first.run(input);
  const failing = expect(underWay.run(input)).rejects.toEqual(lost);
  asker.setPlan(null);
  await failing;
  const late = expect(waiting.run(input)).rejects.toEqual(lost);
  const before = sent.length;
  asker.setPlan(plan(2));
  await late;
  expect(sent.slice(before).map(({ sequence, step, epoch }) => [sequence, step, epoch])).toEqual([[1, 0, 2]]);
  answer();
  await beginning;
  await expect(idle.run(input)).rejects.toEqual(lost);
  expect(ended).toEqual([2, 3, 4]);
  await runs(first, 1);
});

test('a sequence outlasts a short absence of the leader: the same plan goes on', async () => {
  const sequence = new Sequence(asker);
  await runs(sequence, 1);
  asker.setPlan(null);
  const waits = sequence.run(input);
  asker.setPlan(plan(1));
  answer();
  await waits;
  expect(sent.map(({ step }) => step)).toEqual([0, 1]);
});

test('a link that breaks under a first run is tried again; under a later one the state is lost', async () => {
  vi.useFakeTimers();
  try {
    const sequence = new Sequence(asker);
    broken = true;
    const first = sequence.run(input);
    await vi.advanceTimersByTimeAsync(500);
    broken = false;
    await vi.advanceTimersByTimeAsync(1000);
    answer();
    await first;
    broken = true;
    await expect(sequence.run(input)).rejects.toEqual(lost);
    expect(sent.map(({ step }) => step)).toEqual([0, 0, 1]);
  } finally {
    vi.useRealTimers();
  }
});

test('a run that fails ends the sequence on all devices, and the next says why', async () => {
  const sequence = new Sequence(asker);
  const failing = sequence.run(input);
  asker.failed(sent[0]?.request ?? (0 as never), 1, 'run', 'out of memory');
  await expect(failing).rejects.toMatchObject({ message: 'out of memory', data: { step: 'run' } });
  expect(ended).toEqual([1]);
  await expect(sequence.run(input)).rejects.toMatchObject({
    message: expect.stringMatching(/out of memory/),
    data: { step: 'state' },
  });
});

test('the end waits for the run under way', async () => {
  const sequence = new Sequence(asker);
  const run = sequence.run(input);
  sequence.end();
  expect(ended).toEqual([]);
  answer();
  await run;
  expect(ended).toEqual([1]);
  await expect(sequence.run(input)).rejects.toEqual(lost);
});
