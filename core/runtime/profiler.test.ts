import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../mesh/clock.ts';
import type { Provider } from '../provider.ts';
import { asFloat32, fromFloat32 } from '../tensor/tensor.ts';
import { FakeExecutor, type FakeExecutorOptions } from './fake-executor.ts';
import { type FakeOp, fakeStage } from './fake-stage.ts';
import { type Candidate, type Measurement, measureDevice, recheckDevice } from './profiler.ts';
import {
  parseSelfTest,
  SELF_TEST_TOLERANCE,
  type SelfTest,
  selfTestFault,
  selfTestInput,
} from './self-test.ts';
import type { StageModel } from './stage-executor.ts';

/** A network that doubles its pictures. The first op costs the fake its time. */
const DIMS = [2, 1, 2, 2];
const plain: SelfTest = { model: fakeStage([{ mul: 2 }]), input: 'image', dims: DIMS, logits: [] };
const doubled = [...asFloat32(selfTestInput(plain, 2))].map((value) => value * 2);
const selfTest: SelfTest = { ...plain, logits: [doubled.slice(0, 4), doubled.slice(4)] };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function candidate(
  provider: Provider,
  options: FakeExecutorOptions,
  ops?: FakeOp[],
): Candidate & { made: FakeExecutor[] } {
  const made: FakeExecutor[] = [];
  const executors = (): FakeExecutor => {
    const executor = new FakeExecutor({ ...options, clock: systemClock });
    if (ops) {
      const load = executor.load.bind(executor);
      executor.load = (stage: StageModel) => load({ ...stage, model: fakeStage(ops) });
    }
    made.push(executor);
    return executor;
  };
  return { options: { provider, threads: 1 }, executors, runLimitMs: 4000, made };
}

async function measure(
  ...candidates: Candidate[]
): Promise<{ result: Measurement; seconds: number; progress: number[] }> {
  const progress: number[] = [];
  const startedAt = systemClock.now();
  const measuring = measureDevice({
    selfTest,
    candidates,
    clock: systemClock,
    onProgress: (part) => progress.push(part),
  });
  let seconds = 0;
  void measuring.then(() => {
    seconds = (systemClock.now() - startedAt) / 1000;
  });
  await vi.runAllTimersAsync();
  return { result: await measuring, seconds, progress };
}

describe('measureDevice', () => {
  test('chooses the faster provider and tells of both', async () => {
    const { result, seconds, progress } = await measure(
      candidate('wasm', { msPerOp: 30 }),
      candidate('webgpu', { msPerOp: 6 }),
    );
    expect(result).toEqual({
      kind: 'ready',
      options: { provider: 'webgpu', threads: 1 },
      benchMs: 6,
      tried: [
        { provider: 'wasm', benchMs: 30, why: null },
        { provider: 'webgpu', benchMs: 6, why: null },
      ],
    });
    expect(seconds).toBeLessThan(10);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect([progress[0], progress.at(-1)]).toEqual([0, 1]);
  });

  test('lets a slow GPU lose', async () => {
    const { result } = await measure(
      candidate('wasm', { msPerOp: 30 }),
      candidate('webgpu', { msPerOp: 400 }),
    );
    expect(result).toMatchObject({ kind: 'ready', options: { provider: 'wasm' }, benchMs: 30 });
  });

  test('gives up a GPU that is not done in its time, and ends its worker', async () => {
    const gpu = candidate('webgpu', { msPerOp: 3000 });
    const { result, seconds } = await measure(candidate('wasm', { msPerOp: 30 }), gpu);
    expect(result).toMatchObject({
      kind: 'ready',
      options: { provider: 'wasm' },
      tried: [{}, { provider: 'webgpu', benchMs: null, why: 'The provider did not finish within 4 s.' }],
    });
    expect(seconds).toBeLessThan(10);
    await expect(gpu.made[0]?.run(1, [])).rejects.toMatchObject({ data: { step: 'close' } });
  });

  test('lets one long run tell enough', async () => {
    const slow = { ...candidate('webgpu', { msPerOp: 5000 }), runLimitMs: 20_000 };
    const { result, seconds } = await measure(slow);
    expect(result).toMatchObject({ kind: 'ready', benchMs: 5000 });
    expect(seconds).toBeLessThan(11);
  });

  test('gives up a GPU that hangs', async () => {
    const { result } = await measure(
      candidate('wasm', { msPerOp: 30 }),
      candidate('webgpu', { disturb: (step) => (step === 'run' ? 'hang' : undefined) }),
    );
    expect(result).toMatchObject({ kind: 'ready', tried: [{}, { benchMs: null }] });
  });

  test('passes over a GPU whose results are wrong, however fast', async () => {
    const { result } = await measure(
      candidate('wasm', { msPerOp: 30 }),
      candidate('webgpu', {}, [{ mul: 2.1 }]),
    );
    expect(result).toMatchObject({
      kind: 'ready',
      options: { provider: 'wasm' },
      tried: [{}, { benchMs: null, why: expect.stringContaining('The self-test came out wrong: expected') }],
    });
  });

  test.each<[string, FakeExecutorOptions, FakeOp[] | undefined]>([
    ['computes wrongly', {}, [{ mul: 2.1 }]],
    ['cannot start', { disturb: (step) => (step === 'create' ? 'fail' : undefined) }, undefined],
    ['does not start in time', { disturb: (step) => (step === 'open' ? 'hang' : undefined) }, undefined],
  ])('refuses a device whose first provider %s', async (_, options, ops) => {
    const gpu = candidate('webgpu', {});
    const { result } = await measure(candidate('wasm', options, ops), gpu);
    expect(result).toMatchObject({ kind: 'refused', tried: [{ provider: 'wasm', benchMs: null }] });
    expect(gpu.made).toHaveLength(0);
  });
});

describe('recheckDevice', () => {
  test('passes a device that still computes rightly, and no other', async () => {
    await recheckDevice({ selfTest, clock: systemClock }, candidate('wasm', {}));
    const broken = recheckDevice({ selfTest, clock: systemClock }, candidate('wasm', {}, [{ mul: 1 }]));
    await expect(broken).rejects.toThrow('The self-test came out wrong');
  });
});

describe('the self-test', () => {
  const shifted = (by: number) =>
    fromFloat32(
      [2, 4],
      Float32Array.from(doubled, (value, i) => value + (i === 5 ? by : 0)),
    );
  const scale = Math.max(...doubled);

  test('lets pass what is within the tolerance and names what is not', () => {
    expect(selfTestFault(selfTest, shifted(0.9 * SELF_TEST_TOLERANCE * scale))).toBeNull();
    expect(selfTestFault(selfTest, shifted(1.1 * SELF_TEST_TOLERANCE * scale))).toContain('number 6 of 8');
    expect(selfTestFault(selfTest, shifted(Number.NaN))).toContain('got NaN (number 6 of 8)');
    expect(selfTestFault(selfTest, undefined)).toBe('expected 8 numbers, got 0');
  });

  test.each([
    [null],
    [{}],
    [{ input: { name: 'x', dims: [1, 'a'] }, logits: [] }],
    [{ input: { name: 'x', dims: [] } }],
  ])('is read only from its own form: %j', (file) => {
    expect(() => parseSelfTest(new Uint8Array(), file)).toThrow(
      expect.objectContaining({ name: 'ModelFormatError' }),
    );
  });
});
