import { describe, expect, test } from 'vitest';
import type { PeerId } from '../ids.ts';
import type { KeptTensor, StageInput } from './stage-executor.ts';
import { type BlankState, StateKeeper } from './state-keeper.ts';

const [A, B] = ['a', 'b'].map((x) => x.repeat(16) as PeerId) as [PeerId, PeerId];
const BLANKS: readonly BlankState[] = [
  { dtype: 'float32', dims: [1, 0, 4] },
  { dtype: 'float32', dims: [2] },
];
/** A state of so many bytes that the executor has under the number `kept`. */
const state = (kept: number, bytes = 4): KeptTensor => ({ kept, dtype: 'float32', dims: [bytes / 4], bytes });
const whole = (kept: number): StageInput => ({ kept, cut: null, last: true });
const keeping = (maxBytes?: number) => {
  const dropped: number[] = [];
  const keeper = new StateKeeper({ drop: (kept) => dropped.push(...kept), ...(maxBytes && { maxBytes }) });
  return { keeper, dropped };
};
const lost = expect.objectContaining({
  name: 'RequestFailedError',
  data: expect.objectContaining({ step: 'state' }),
});

function run(
  keeper: StateKeeper,
  sequence: number,
  step: number,
  next: KeptTensor,
  origin = A,
): readonly StageInput[] {
  const { inputs, keep } = keeper.take({ origin, sequence, step }, BLANKS);
  keep([next]);
  return inputs;
}

test('a sequence begins from zeros, and each run has what the one before gave', () => {
  const { keeper, dropped } = keeping();
  const first = run(keeper, 1, 0, state(1, 12)).flatMap((input) => ('data' in input ? input : []));
  expect(first.map(({ dims }) => dims)).toEqual([[1, 0, 4], [2]]);
  expect(first.map(({ data }) => [...data])).toEqual([[], new Array(8).fill(0)]);
  expect(run(keeper, 1, 1, state(2, 16))).toEqual([whole(1)]);
  expect(keeper.bytes).toBe(16);
  // The run had the old one as its last.
  expect(dropped).toEqual([]);
});

test('sequences of several peers and of one do not mix', () => {
  const { keeper } = keeping();
  run(keeper, 1, 0, state(11));
  run(keeper, 2, 0, state(12));
  run(keeper, 1, 0, state(21), B);
  const seen = [run(keeper, 1, 1, state(0)), run(keeper, 2, 1, state(0)), run(keeper, 1, 1, state(0), B)];
  expect(seen).toEqual([[whole(11)], [whole(12)], [whole(21)]]);
});

test('a run out of order, or after one that failed, is refused', () => {
  const { keeper, dropped } = keeping();
  expect(() => run(keeper, 1, 1, state(1))).toThrow(lost);
  run(keeper, 1, 0, state(1));
  expect(() => run(keeper, 1, 2, state(2))).toThrow(lost);
  keeper.take({ origin: A, sequence: 1, step: 1 }, BLANKS);
  expect(() => run(keeper, 1, 1, state(2))).toThrow(lost);
  expect(() => run(keeper, 1, 2, state(2))).toThrow(lost);
  run(keeper, 1, 0, state(3));
  // Begun anew, its old state goes.
  run(keeper, 1, 0, state(4));
  expect(dropped).toEqual([3]);
});

test('what ends while a run has it is not kept after the run', () => {
  const { keeper, dropped } = keeping();
  const { keep } = keeper.take({ origin: A, sequence: 1, step: 0 }, BLANKS);
  keeper.end(A, 1);
  keep([state(1)]);
  expect([keeper.size, keeper.bytes, dropped]).toEqual([0, 0, [1]]);
});

test('a peer that begins sequences without end pushes out its own, by number and by bytes', () => {
  const { keeper } = keeping(1000);
  run(keeper, 1, 0, state(7, 100));
  for (let sequence = 1; sequence <= 200; sequence++) run(keeper, sequence, 0, state(sequence, 4), B);
  expect(keeper.size).toBe(64);
  for (let sequence = 1; sequence <= 20; sequence++) run(keeper, sequence, 0, state(sequence, 200), B);
  expect(keeper.bytes).toBeLessThanOrEqual(1000);
  expect(run(keeper, 1, 1, state(8, 100))).toEqual([whole(7)]);
});

test('the 65th sequence pushes out the one used least recently, whose next run is refused', () => {
  const { keeper, dropped } = keeping();
  for (let sequence = 1; sequence <= 64; sequence++) run(keeper, sequence, 0, state(sequence));
  run(keeper, 1, 1, state(101));
  run(keeper, 65, 0, state(65));
  expect(keeper.size).toBe(64);
  expect(dropped).toEqual([2]);
  expect(() => run(keeper, 2, 1, state(0))).toThrow(lost);
  expect(run(keeper, 1, 2, state(0))).toEqual([whole(101)]);
});

test('bytes are bounded too, also for one sequence that alone is too large', () => {
  const { keeper, dropped } = keeping(1000);
  run(keeper, 1, 0, state(1, 400));
  run(keeper, 2, 0, state(2, 800));
  expect([keeper.size, keeper.bytes, dropped]).toEqual([1, 800, [1]]);
  run(keeper, 2, 1, state(3, 1004));
  expect([keeper.bytes, dropped]).toEqual([0, [1, 3]]);
  expect(() => run(keeper, 2, 2, state(0))).toThrow(lost);
  const vast = [{ dtype: 'float32', dims: [2 ** 40] }] as const;
  expect(() => keeper.take({ origin: A, sequence: 3, step: 0 }, vast)).toThrow(lost);
});

test('a thousand sequences that end, or whose peer leaves, leave nothing', () => {
  const { keeper, dropped } = keeping();
  let made = 0;
  let used = 0;
  for (let sequence = 1; sequence <= 1000; sequence++) {
    for (let step = 0; step < 3; step++) {
      const inputs = run(keeper, sequence, step, state(++made, 4000), sequence % 2 ? A : B);
      used += inputs.filter((input) => 'kept' in input && input.last).length;
    }
    if (sequence % 2) keeper.end(A, sequence);
  }
  expect([keeper.size, keeper.bytes]).toEqual([64, 64 * 4000]);
  run(keeper, 1, 0, state(++made));
  keeper.forget(B);
  expect([keeper.size, keeper.bytes]).toEqual([1, 4]);
  keeper.clear();
  // Each state was a run's last, or was dropped, once.
  expect(new Set(dropped).size).toBe(dropped.length);
  expect(used + dropped.length).toBe(made);
});

describe("a decoder's sequence", () => {
  const cache = (kept: number, tokens: number): KeptTensor => ({
    kept,
    dtype: 'float32',
    dims: [1, 2, tokens, 1],
    bytes: 8 * tokens,
  });
  const CACHE: readonly BlankState[] = [{ dtype: 'float32', dims: [1, 2, 0, 1] }];
  let next = 0;
  const step = (keeper: StateKeeper, sequence: number, at: number, keep: number, count: number, from = 0) => {
    const decode = { from, keep, count };
    const taken = keeper.take({ origin: A, sequence, step: at, decode }, CACHE);
    taken.keep([cache(++next, keep + count)]);
    return taken.inputs[0];
  };

  test('goes back to the tokens that count', () => {
    const { keeper } = keeping();
    step(keeper, 1, 0, 0, 5);
    expect(step(keeper, 1, 1, 3, 2)).toMatchObject({ cut: { axis: 2, keep: 3 }, last: true });
    expect(step(keeper, 1, 2, 5, 1)).toMatchObject({ cut: null, last: true });
    expect(() => step(keeper, 1, 3, 7, 1)).toThrow(lost);
    expect(() => step(keeper, 2, 0, 1, 1)).toThrow(lost);
  });

  test('begins with what another has, which goes on as before', () => {
    const { keeper } = keeping();
    step(keeper, 1, 0, 0, 4);
    const lent = next;
    expect(step(keeper, 2, 0, 4, 1, 1)).toEqual({ kept: lent, cut: null, last: false });
    expect(step(keeper, 4, 0, 3, 1, 1)).toEqual({ kept: lent, cut: { axis: 2, keep: 3 }, last: false });
    expect(step(keeper, 1, 1, 4, 1)).toEqual({ kept: lent, cut: null, last: true });
    expect(() => step(keeper, 3, 0, 2, 1, 9)).toThrow(lost);
  });

  test('with a state that does not grow cannot go back', () => {
    const { keeper } = keeping();
    const at = (step: number, keep: number) =>
      keeper.take({ origin: A, sequence: 1, step, decode: { from: 0, keep, count: 1 } }, BLANKS);
    const grown = (tokens: number): KeptTensor => ({ ...state(1), dims: [1, tokens, 4] });
    at(0, 0).keep([grown(1), state(2)]);
    at(1, 1).keep([grown(2), state(3)]);
    expect(() => at(2, 1)).toThrow(lost);
  });
});

test('a run that comes late does not begin an ended sequence anew', () => {
  const { keeper } = keeping();
  run(keeper, 1, 0, state(1));
  keeper.end(A, 1);
  expect(() => run(keeper, 1, 0, state(2))).toThrow(lost);
  expect(keeper.size).toBe(0);
  // After a reload the numbers begin again.
  keeper.forget(A);
  run(keeper, 1, 0, state(3));
  expect(keeper.size).toBe(1);
});
