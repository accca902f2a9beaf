import { describe, expect, test } from 'vitest';
import { DTYPES, type Dtype } from '../tensor/dtype.ts';
import { asFloat32, elementCount, fromFloat32, type Tensor, tensor } from '../tensor/tensor.ts';
import type {
  ExecutorFactory,
  ExecutorOptions,
  KeptInput,
  KeptOutput,
  KeptTensor,
  StageExecutor,
  StageModel,
} from './stage-executor.ts';

const WHOLE: KeptOutput = { output: 0, rows: null };

/** What an implementation gives the contract to work with. */
export interface ExecutorCase {
  readonly make: ExecutorFactory;
  readonly options: ExecutorOptions;
  /** y = x * 2 + w, float32 [1, 4], where w comes from the pack: four floats, all equal. */
  readonly affine: (weights: Uint8Array<ArrayBuffer> | Blob) => StageModel;
  /** y = x of any type and of shape [a, b], without weights. */
  readonly identity: (dtype: Dtype) => StageModel;
  /** Bytes that are no model. */
  readonly broken: Uint8Array<ArrayBuffer>;
}

/** What every StageExecutor keeps, whatever runs below it. */
export function executorContract(name: string, the: ExecutorCase): void {
  const pack = (): Uint8Array<ArrayBuffer> => new Uint8Array(Float32Array.of(1, 1, 1, 1).buffer);
  const quad = (...values: number[]): Tensor => fromFloat32([1, 4], Float32Array.from(values));
  const opened = async (use: (executor: StageExecutor) => Promise<void>): Promise<void> => {
    const executor = the.make();
    try {
      await executor.open(the.options);
      await use(executor);
    } finally {
      executor.close();
    }
  };
  const failed = (step?: string): unknown =>
    expect.objectContaining({
      name: 'RuntimeFailedError',
      ...(step && { data: expect.objectContaining({ step }) }),
    });

  describe(`${name} keeps the executor contract`, () => {
    test('opens with the options it was given', () =>
      opened(async (executor) => {
        const { heapBytes, bufferBytes, peakBytes } = await executor.memory();
        expect(heapBytes).toBeGreaterThanOrEqual(0);
        expect(peakBytes).toBeGreaterThanOrEqual(heapBytes + bufferBytes);
      }));

    test.each([
      ['bytes', pack],
      ['a Blob', () => new Blob([pack()])],
    ])('runs a stage whose weights are %s', (_, weights) =>
      opened(async (executor) => {
        const stage = await executor.load(the.affine(weights()));
        const startedAt = performance.now();
        const { outputs, computeMs } = await executor.run(stage, [quad(1, 2, 3, -4)]);
        expect(outputs.map(({ dtype, dims }) => ({ dtype, dims }))).toEqual([
          { dtype: 'float32', dims: [1, 4] },
        ]);
        expect(outputs.map(asFloat32)).toEqual([Float32Array.of(3, 5, 7, -7)]);
        expect(computeMs).toBeGreaterThanOrEqual(0);
        expect(computeMs).toBeLessThanOrEqual(performance.now() - startedAt);
      }),
    );

    test('queues calls that overlap and answers each with its own result', () =>
      opened(async (executor) => {
        const loading = [executor.load(the.affine(pack())), executor.load(the.affine(pack()))];
        const [first = -1, second = -1] = await Promise.all(loading);
        expect(first).not.toBe(second);
        const inputs = [0, 1, 2, 3, 4, 5];
        const runs = inputs.map((value) => executor.run(value % 2 ? first : second, [quad(value, 0, 0, 0)]));
        const results = await Promise.all(runs);
        expect(results.map(({ outputs }) => outputs[0] && asFloat32(outputs[0])[0])).toEqual([
          1, 3, 5, 7, 9, 11,
        ]);
      }));

    test('hands its results over: the caller may move their buffers away', () =>
      opened(async (executor) => {
        const stage = await executor.load(the.affine(pack()));
        const { outputs } = await executor.run(stage, [quad(1, 2, 3, 4)]);
        const buffer = outputs[0]?.data.buffer as ArrayBuffer;
        structuredClone(buffer, { transfer: [buffer] });
        const again = await executor.run(stage, [quad(1, 2, 3, 4)]);
        expect(again.outputs.map(asFloat32)).toEqual([Float32Array.of(3, 5, 7, 9)]);
      }));

    test.each(DTYPES.map(({ name: dtype, bytes }) => [dtype, bytes] as const))(
      'carries %s unchanged, from any place in a buffer, empty ones too',
      (dtype, bytes) =>
        opened(async (executor) => {
          const stage = await executor.load(the.identity(dtype));
          for (const dims of [
            [2, 3],
            [0, 3],
          ]) {
            const frame = Uint8Array.from({ length: 1 + elementCount(dims) * bytes }, (_, i) => (i * 5) % 2);
            const expected = frame.slice(1);
            const { outputs } = await executor.run(stage, [tensor(dtype, dims, frame.subarray(1))]);
            expect(outputs).toEqual([{ dtype, dims, data: expected }]);
          }
        }),
    );

    test('keeps outputs for later runs, whole or cut, until a run has them as its last', () =>
      opened(async (executor) => {
        const stage = await executor.load({
          ...the.identity('float32'),
          keeps: the.identity('float32').outputs.map(({ name }) => name),
        });
        const before = (await executor.memory()).bufferBytes;
        const six = fromFloat32([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
        const first = await executor.run(stage, [six], { sends: [], keeps: [WHOLE] });
        expect(first.outputs).toEqual([]);
        expect(first.kept).toMatchObject([{ dtype: 'float32', dims: [2, 3], bytes: 24 }]);
        expect((await executor.memory()).bufferBytes).toBe(before + 24);
        const [{ kept } = { kept: 0 }] = first.kept;
        const cut = await executor.run(stage, [{ kept, cut: { axis: 1, keep: 2 }, last: false }]);
        expect(cut.outputs.map(asFloat32)).toEqual([Float32Array.of(1, 2, 4, 5)]);
        const both = await executor.run(stage, [{ kept, cut: null, last: true }], {
          sends: [0],
          keeps: [WHOLE],
        });
        const [output] = both.outputs;
        expect(output && asFloat32(output)).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
        structuredClone(output?.data.buffer, { transfer: [output?.data.buffer as ArrayBuffer] });
        await expect(executor.run(stage, [{ kept, cut: null, last: true }])).rejects.toEqual(failed('run'));
        const [{ kept: other } = { kept: 0 }] = both.kept;
        const again = executor.run(stage, [{ kept: other, cut: null, last: false }]);
        executor.drop([other, 1000]);
        expect((await again).outputs.map(asFloat32)).toEqual([Float32Array.of(1, 2, 3, 4, 5, 6)]);
        await expect(executor.run(stage, [{ kept: other, cut: null, last: false }])).rejects.toEqual(
          failed('run'),
        );
        expect((await executor.memory()).bufferBytes).toBe(before);
      }));

    test('keeps the rows of a run each by itself, and feeds several together', () =>
      opened(async (executor) => {
        const keeping = the.identity('float32');
        const stage = await executor.load({ ...keeping, keeps: keeping.outputs.map(({ name }) => name) });
        const before = (await executor.memory()).bufferBytes;
        const make = async (values: readonly number[], lengths: readonly number[]) => {
          const two = fromFloat32([2, values.length / 2], Float32Array.from(values));
          const rows = { count: 2, own: { axis: 1, side: 'left', lengths } } as const;
          return (await executor.run(stage, [two], { sends: [], keeps: [{ output: 0, rows }] })).kept;
        };
        const last = ({ kept }: KeptTensor): KeptInput => ({ kept, cut: null, last: true });
        const [a, b] = (await make([0, 1, 2, 3], [1, 2])) as [KeptTensor, KeptTensor];
        expect([a.dims, b.dims]).toEqual([
          [1, 1],
          [1, 2],
        ]);
        const [c, d] = (await make([4, 5, 6, 7], [2, 1])) as [KeptTensor, KeptTensor];
        const joined = async (rows: readonly (KeptInput | null)[], length: number): Promise<unknown> => {
          const fill = { axis: 1, length, side: 'left' } as const;
          const { outputs } = await executor.run(stage, [{ rows, fill }]);
          return outputs.map((t) => [t.dims, [...asFloat32(t)]]);
        };
        // Two that were made together, then what is mixed, one of them alone, and one that is missing.
        expect(
          await joined(
            [
              { ...last(a), last: false },
              { ...last(b), last: false },
            ],
            2,
          ),
        ).toEqual([
          [
            [2, 2],
            [0, 1, 2, 3],
          ],
        ]);
        expect(await joined([last(b), last(d), null], 3)).toEqual([
          [
            [3, 3],
            [0, 2, 3, 0, 0, 7, 0, 0, 0],
          ],
        ]);
        const alone = await executor.run(stage, [last(a)]);
        expect(alone.outputs.map(asFloat32)).toEqual([Float32Array.of(1)]);
        expect((await executor.memory()).bufferBytes).toBeGreaterThan(before);
        executor.drop([c.kept]);
        await expect(joined([last(a)], 1)).rejects.toEqual(failed('run'));
        expect((await executor.memory()).bufferBytes).toBe(before);
      }));

    test('refuses what it does not hold, and goes on', () =>
      opened(async (executor) => {
        const stage = await executor.load(the.affine(pack()));
        await expect(executor.run(stage + 1000, [quad(0, 0, 0, 0)])).rejects.toEqual(failed('run'));
        await expect(executor.run(stage, [])).rejects.toEqual(failed('run'));
        const ints = tensor('int32', [1, 4], new Uint8Array(16));
        await expect(executor.run(stage, [ints])).rejects.toEqual(failed('run'));
        const wide = fromFloat32([1, 5], new Float32Array(5));
        await expect(executor.run(stage, [wide])).rejects.toEqual(failed('run'));
        await expect(executor.load({ ...the.affine(pack()), model: the.broken })).rejects.toEqual(
          failed('create'),
        );
        const { outputs } = await executor.run(stage, [quad(1, 1, 1, 1)]);
        expect(outputs.map(asFloat32)).toEqual([Float32Array.of(3, 3, 3, 3)]);
      }));

    test('forgets a stage that was released, and keeps the others', () =>
      opened(async (executor) => {
        const gone = await executor.load(the.affine(pack()));
        const kept = await executor.load(the.affine(pack()));
        await executor.release(gone);
        await expect(executor.run(gone, [quad(0, 0, 0, 0)])).rejects.toEqual(failed('run'));
        await expect(executor.release(gone)).rejects.toEqual(failed('release'));
        await expect(executor.run(kept, [quad(0, 0, 0, 0)])).resolves.toBeDefined();
      }));

    test('loads nothing before it is opened', async () => {
      const executor = the.make();
      await expect(executor.load(the.affine(pack()))).rejects.toEqual(failed('create'));
      executor.close();
    });

    test('rejects what is under way when it is closed, and all that comes later', () =>
      opened(async (executor) => {
        const stage = await executor.load(the.affine(pack()));
        const pending = [executor.run(stage, [quad(0, 0, 0, 0)]), executor.run(stage, [quad(0, 0, 0, 0)])];
        const outcomes = Promise.allSettled(pending);
        executor.close();
        expect(await outcomes).toEqual(pending.map(() => ({ status: 'rejected', reason: failed('close') })));
        await expect(executor.run(stage, [quad(0, 0, 0, 0)])).rejects.toEqual(failed('close'));
      }));
  });
}
