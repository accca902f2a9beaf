import { expect, test } from 'vitest';
import { seededRandom } from '../../../core/graph/seeded-random.ts';
import { executorContract } from '../../../core/runtime/executor-contract.ts';
import { FakeExecutor } from '../../../core/runtime/fake-executor.ts';
import { fakeStage, parseFakeStage } from '../../../core/runtime/fake-stage.ts';
import type { StageModel } from '../../../core/runtime/stage-executor.ts';
import { asFloat32, fromFloat32 } from '../../../core/tensor/tensor.ts';
import { emulatedExecutors, emulatedMs } from './emulated-executor.ts';
import type { Emulation } from './emulation.ts';

const OPTIONS = { provider: 'cpu', threads: 1 } as const;
const X = { name: 'x', dtype: 'float32', dims: null } as const;

const around = (emulation: Emulation) =>
  emulatedExecutors({
    inner: () => new FakeExecutor(),
    emulation,
    random: seededRandom(1),
    nodesOf: (model) => parseFakeStage(model).length,
  });

executorContract('an executor that is made to take longer', {
  make: around({ nodeMs: 2, factor: 1, jitter: 0.2, corrupt: 0 }),
  options: OPTIONS,
  affine: (weights) => ({
    model: fakeStage([{ mul: 2 }, { addWeight: 0 }]),
    weights,
    inputs: [{ name: 'x', dtype: 'float32', dims: [1, 4] }],
    outputs: [{ name: 'y', dtype: 'float32', dims: [1, 4] }],
  }),
  identity: (dtype) => ({
    model: fakeStage([]),
    weights: null,
    inputs: [{ name: 'x', dtype, dims: ['a', 'b'] }],
    outputs: [{ name: 'y', dtype, dims: ['a', 'b'] }],
  }),
  broken: Uint8Array.of(1, 2, 3),
});

const chain: StageModel = {
  model: fakeStage([{ add: 1 }, { mul: 3 }]),
  weights: null,
  inputs: [X],
  outputs: [X],
};

test('a run takes its time for each node, and another factor holds from the next run on', async () => {
  const emulation = { nodeMs: 5, factor: 1, jitter: 0, corrupt: 0 };
  const executor = around(emulation)();
  await executor.open(OPTIONS);
  const stage = await executor.load(chain);
  const once = async (): Promise<number> =>
    (await executor.run(stage, [fromFloat32([1], Float32Array.of(0))])).computeMs;
  expect(await once()).toBeGreaterThanOrEqual(10);
  emulation.factor = 4;
  expect(await once()).toBeGreaterThanOrEqual(40);
  emulation.factor = 0;
  expect(await once()).toBeLessThan(5);
});

test('values are slightly wrong from the run on for which that is asked', async () => {
  const emulation = { nodeMs: 0, factor: 1, jitter: 0, corrupt: 0 };
  const executor = around(emulation)();
  await executor.open(OPTIONS);
  const stage = await executor.load(chain);
  const once = async (): Promise<readonly number[]> => {
    const { outputs } = await executor.run(stage, [fromFloat32([2], Float32Array.of(0, 1))]);
    return outputs.flatMap((output) => [...asFloat32(output)]);
  };
  expect(await once()).toEqual([3, 6]);
  emulation.corrupt = 0.1;
  const wrong = await once();
  for (const [i, right] of [3, 6].entries()) {
    expect(wrong[i]).not.toBe(right);
    expect(Math.abs((wrong[i] ?? 0) - right)).toBeLessThanOrEqual(0.1 * right);
  }
});

test.each([
  ['the real time where that is more', { nodeMs: 1, factor: 1, jitter: 0 }, 0.5, 30],
  ['so much for each node', { nodeMs: 10, factor: 1, jitter: 0 }, 0.5, 40],
  ['times a factor', { nodeMs: 10, factor: 5, jitter: 0 }, 0.5, 200],
  ['less by the jitter at most', { nodeMs: 10, factor: 1, jitter: 0.2 }, 0, 32],
  ['more by the jitter at most', { nodeMs: 10, factor: 1, jitter: 0.2 }, 1, 48],
])('a run takes %s', (_, emulation, drawn, ms) => {
  expect(emulatedMs({ ...emulation, corrupt: 0 }, { computeMs: 30, nodes: 4 }, drawn)).toBeCloseTo(ms);
});
