import { describe, expect, test } from 'vitest';
import type { Clock } from '../mesh/clock.ts';
import { asFloat32, fromFloat32 } from '../tensor/tensor.ts';
import { executorContract } from './executor-contract.ts';
import { FakeExecutor, type FakeExecutorOptions } from './fake-executor.ts';
import { type FakeOp, fakeStage } from './fake-stage.ts';
import type { StageModel } from './stage-executor.ts';

const OPTIONS = { provider: 'cpu', threads: 1 } as const;
const X = { name: 'x', dtype: 'float32', dims: null } as const;

const chain = (ops: readonly FakeOp[]): StageModel => ({
  model: fakeStage(ops),
  weights: null,
  inputs: [X],
  outputs: [X],
});

executorContract('the fake executor', {
  make: () => new FakeExecutor(),
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

async function open(options: FakeExecutorOptions): Promise<FakeExecutor> {
  const executor = new FakeExecutor(options);
  await executor.open(OPTIONS);
  return executor;
}

describe('the fake executor', () => {
  test('gives the same by a split chain as by the whole', async () => {
    const executor = await open({});
    const ops: FakeOp[] = [{ add: 1 }, { mul: 3 }, { add: -2 }, { mul: 0.5 }];
    const run = async (part: readonly FakeOp[], values: Float32Array<ArrayBuffer>) => {
      const { outputs } = await executor.run(await executor.load(chain(part)), [fromFloat32([2], values)]);
      return outputs[0] ? asFloat32(outputs[0]) : new Float32Array();
    };
    const whole = await run(ops, Float32Array.of(1, 2));
    expect(whole).toEqual(Float32Array.of(2, 3.5));
    expect(await run(ops.slice(2), await run(ops.slice(0, 2), Float32Array.of(1, 2)))).toEqual(whole);
  });

  test('takes its time on the injected clock', async () => {
    const waits: number[] = [];
    const clock: Clock = {
      now: () => 0,
      setTimeout: (run, ms) => {
        queueMicrotask(run);
        return waits.push(ms);
      },
      clearTimeout: () => undefined,
    };
    const executor = await open({ clock, msPerOp: 7 });
    const stage = await executor.load(chain([{ add: 1 }, { add: 1 }]));
    const { computeMs } = await executor.run(stage, [fromFloat32([1], Float32Array.of(0))]);
    expect({ computeMs, waits }).toEqual({ computeMs: 14, waits: [14] });
  });

  test('holds no more than its memory', async () => {
    const executor = await open({ memoryBytes: 100 });
    const small = chain([{ add: 1 }]);
    const first = await executor.load(small);
    await expect(executor.load({ ...small, weights: new Uint8Array(80) })).rejects.toThrow('99 bytes');
    await executor.release(first);
    expect((await executor.memory()).heapBytes).toBe(0);
  });

  test('fails and hangs where it is told to', async () => {
    const executor = await open({
      disturb: (step, nth) =>
        step !== 'run' ? undefined : nth === 1 ? 'fail' : nth === 2 ? 'hang' : undefined,
    });
    const stage = await executor.load(chain([]));
    const input = () => [fromFloat32([1], Float32Array.of(0))];
    await expect(executor.run(stage, input())).rejects.toThrow('disturbed at call 1');
    const hanging = executor.run(stage, input());
    const settled = await Promise.race([
      hanging.catch(() => 'closed'),
      new Promise((r) => setTimeout(r, 20, 'hangs')),
    ]);
    expect(settled).toBe('hangs');
    executor.close();
    await expect(hanging).rejects.toMatchObject({ name: 'RuntimeFailedError' });
  });

  test('takes the buffers of its inputs, as a worker does', async () => {
    const executor = await open({});
    const input = fromFloat32([1], Float32Array.of(0));
    await executor.run(await executor.load(chain([])), [input]);
    expect(input.data.byteLength).toBe(0);
  });
});
