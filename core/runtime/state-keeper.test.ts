import { describe, expect, test } from 'vitest';
import type { PeerId } from '../ids.ts';
import { asFloat32, fromFloat32, type Tensor } from '../tensor/tensor.ts';
import { type BlankState, StateKeeper } from './state-keeper.ts';

const [A, B] = ['a', 'b'].map((x) => x.repeat(16) as PeerId) as [PeerId, PeerId];
const BLANKS: readonly BlankState[] = [
  { dtype: 'float32', dims: [1, 0, 4] },
  { dtype: 'float32', dims: [2] },
];
/** A state that takes 4 bytes for each number. */
const filled = (count: number, value: number): Tensor =>
  fromFloat32([count], new Float32Array(count).fill(value));
const lost = expect.objectContaining({
  name: 'RequestFailedError',
  data: expect.objectContaining({ step: 'state' }),
});

function run(
  keeper: StateKeeper,
  sequence: number,
  step: number,
  next: Tensor,
  origin = A,
): readonly Tensor[] {
  const { tensors, keep } = keeper.take({ origin, sequence, step }, BLANKS);
  keep([next]);
  return tensors;
}

test('a sequence begins from zeros, and each run has what the one before gave', () => {
  const keeper = new StateKeeper();
  const first = run(keeper, 1, 0, filled(3, 7));
  expect(first.map(({ dims }) => dims)).toEqual([[1, 0, 4], [2]]);
  expect(first.map(({ data }) => [...data])).toEqual([[], new Array(8).fill(0)]);
  const [second] = run(keeper, 1, 1, filled(4, 8));
  expect(second && [...asFloat32(second)]).toEqual([7, 7, 7]);
  // The old state is nobody's any more.
  expect(keeper.bytes).toBe(16);
});

test('sequences of several peers and of one do not mix', () => {
  const keeper = new StateKeeper();
  run(keeper, 1, 0, filled(1, 11));
  run(keeper, 2, 0, filled(1, 12));
  run(keeper, 1, 0, filled(1, 21), B);
  const seen = [
    run(keeper, 1, 1, filled(1, 0)),
    run(keeper, 2, 1, filled(1, 0)),
    run(keeper, 1, 1, filled(1, 0), B),
  ];
  expect(seen.map(([t]) => t && asFloat32(t)[0])).toEqual([11, 12, 21]);
});

test('a run out of order, or after one that failed, is refused', () => {
  const keeper = new StateKeeper();
  expect(() => run(keeper, 1, 1, filled(1, 0))).toThrow(lost);
  run(keeper, 1, 0, filled(1, 1));
  expect(() => run(keeper, 1, 2, filled(1, 0))).toThrow(lost);
  keeper.take({ origin: A, sequence: 1, step: 1 }, BLANKS);
  expect(() => run(keeper, 1, 1, filled(1, 0))).toThrow(lost);
  expect(() => run(keeper, 1, 2, filled(1, 0))).toThrow(lost);
  expect(asFloat32(run(keeper, 1, 0, filled(1, 0))[1] ?? filled(1, 9))[0]).toBe(0);
});

test('what ends while a run has it is not kept after the run', () => {
  const keeper = new StateKeeper();
  const { keep } = keeper.take({ origin: A, sequence: 1, step: 0 }, BLANKS);
  keeper.end(A, 1);
  keep([filled(1, 1)]);
  expect([keeper.size, keeper.bytes]).toEqual([0, 0]);
});

test('the 65th sequence pushes out the one used least recently, whose next run is refused', () => {
  const keeper = new StateKeeper();
  for (let sequence = 1; sequence <= 64; sequence++) run(keeper, sequence, 0, filled(1, sequence));
  run(keeper, 1, 1, filled(1, 1));
  run(keeper, 65, 0, filled(1, 65));
  expect(keeper.size).toBe(64);
  expect(() => run(keeper, 2, 1, filled(1, 0))).toThrow(lost);
  expect(asFloat32(run(keeper, 1, 2, filled(1, 0))[0] ?? filled(1, 9))[0]).toBe(1);
});

test('bytes are bounded too, also for one sequence that alone is too large', () => {
  const keeper = new StateKeeper(1000);
  run(keeper, 1, 0, filled(100, 1));
  run(keeper, 2, 0, filled(200, 2));
  expect([keeper.size, keeper.bytes]).toEqual([1, 800]);
  run(keeper, 2, 1, filled(251, 2));
  expect(keeper.bytes).toBe(0);
  expect(() => run(keeper, 2, 2, filled(1, 0))).toThrow(lost);
  const vast = [{ dtype: 'float32', dims: [2 ** 40] }] as const;
  expect(() => keeper.take({ origin: A, sequence: 3, step: 0 }, vast)).toThrow(lost);
});

test('a thousand sequences that end, or whose peer leaves, leave nothing', () => {
  const keeper = new StateKeeper();
  for (let sequence = 1; sequence <= 1000; sequence++) {
    for (let step = 0; step < 3; step++)
      run(keeper, sequence, step, filled(1000, step), sequence % 2 ? A : B);
    if (sequence % 2) keeper.end(A, sequence);
  }
  expect([keeper.size, keeper.bytes]).toEqual([64, 64 * 4000]);
  run(keeper, 1, 0, filled(1, 1));
  keeper.forget(B);
  expect([keeper.size, keeper.bytes]).toEqual([1, 4]);
});

describe("a decoder's sequence", () => {
  /** Two rows of a state that holds `tokens` tokens of one number each: 0, 1, 2, … and 100, 101, … */
  const cache = (tokens: number): Tensor =>
    fromFloat32(
      [1, 2, tokens, 1],
      Float32Array.from({ length: 2 * tokens }, (_, i) => (i < tokens ? i : 100 + i - tokens)),
    );
  const CACHE: readonly BlankState[] = [{ dtype: 'float32', dims: [1, 2, 0, 1] }];
  const step = (keeper: StateKeeper, sequence: number, at: number, keep: number, count: number, from = 0) => {
    const decode = { from, keep, count };
    const taken = keeper.take({ origin: A, sequence, step: at, decode }, CACHE);
    taken.keep([cache(keep + count)]);
    const [state] = taken.tensors;
    return state && { dims: state.dims, values: [...asFloat32(state)] };
  };

  test('goes back to the tokens that count', () => {
    const keeper = new StateKeeper();
    step(keeper, 1, 0, 0, 5);
    expect(step(keeper, 1, 1, 3, 2)).toEqual({ dims: [1, 2, 3, 1], values: [0, 1, 2, 100, 101, 102] });
    expect(step(keeper, 1, 2, 5, 1)?.dims).toEqual([1, 2, 5, 1]);
    expect(() => step(keeper, 1, 3, 7, 1)).toThrow(lost);
    expect(() => step(keeper, 2, 0, 1, 1)).toThrow(lost);
  });

  test("begins with a copy of another's, which goes on as before", () => {
    const keeper = new StateKeeper();
    step(keeper, 1, 0, 0, 4);
    const forked = keeper.take(
      { origin: A, sequence: 2, step: 0, decode: { from: 1, keep: 4, count: 1 } },
      CACHE,
    );
    const own = keeper.take(
      { origin: A, sequence: 1, step: 1, decode: { from: 0, keep: 4, count: 1 } },
      CACHE,
    );
    expect(forked.tensors[0]?.data).toEqual(own.tensors[0]?.data);
    expect(forked.tensors[0]?.data.buffer).not.toBe(own.tensors[0]?.data.buffer);
    expect(() => step(keeper, 3, 0, 2, 1, 9)).toThrow(lost);
  });

  test('with a state that does not grow cannot go back', () => {
    const keeper = new StateKeeper();
    const at = (step: number, keep: number) =>
      keeper.take({ origin: A, sequence: 1, step, decode: { from: 0, keep, count: 1 } }, BLANKS);
    at(0, 0).keep([fromFloat32([1, 1, 4], new Float32Array(4)), filled(2, 1)]);
    at(1, 1).keep([fromFloat32([1, 2, 4], new Float32Array(8)), filled(2, 2)]);
    expect(() => at(2, 1)).toThrow(lost);
  });
});
