import { describe, expect, test } from 'vitest';
import { RuntimeFailedError } from '../errors.ts';
import { type Blocks, blocksOf } from '../graph/blocks.ts';
import { memorySource } from '../graph/byte-source.ts';
import { floats, model, node, value, weight } from '../graph/model-builder.ts';
import { type ModelGraph, modelGraph } from '../graph/model-graph.ts';
import { readModel } from '../graph/onnx-model.ts';
import { systemClock } from '../mesh/clock.ts';
import type { Calibration } from '../protocol/calibration.ts';
import { fromFloat32 } from '../tensor/tensor.ts';
import { type CalibrateOptions, calibrate } from './calibrate.ts';
import { workerBytes } from './footprint.ts';
import type { StageExecutor, StageInput, StageModel } from './stage-executor.ts';

const WIDTH = 64;
const LAYER_BYTES = WIDTH * WIDTH * 4;

/** `layers` equal MatMuls, and one Add in front; `wide` makes the weights of the last one larger. */
async function chain(layers: number, last = WIDTH): Promise<{ graph: ModelGraph; blocks: Blocks }> {
  const widths = Array.from({ length: layers }, (_, i) => (i === layers - 1 ? last : WIDTH));
  const bytes = model({
    nodes: [
      node('Add', ['x', 'bias'], ['y0']),
      ...widths.map((_, i) => node('MatMul', [`y${i}`, `w${i}`], [`y${i + 1}`])),
    ],
    inputs: [value('x', 'float32', ['n', WIDTH])],
    outputs: [value(`y${layers}`, 'float32', ['n', last])],
    values: widths.map((width, i) => value(`y${i + 1}`, 'float32', ['n', width])),
    weights: [
      floats(
        'bias',
        [WIDTH],
        Array.from({ length: WIDTH }, () => 1),
      ),
      ...widths.map((width, i) =>
        weight(`w${i}`, 'float32', [WIDTH, width], new Uint8Array(WIDTH * width * 4).fill(i)),
      ),
    ],
  });
  const graph = modelGraph(await readModel(memorySource(bytes)));
  return { graph, blocks: blocksOf(graph) };
}

/** Stands in for the runtime: a stage returns what has the shape of its first input, in a millisecond. */
class Stub implements StageExecutor {
  readonly loads: Blob[] = [];
  closed = false;
  heapBytes = 0;
  refusesWeights = false;
  growth = 0;
  #width = WIDTH;

  async open(options: Parameters<StageExecutor['open']>[0]): ReturnType<StageExecutor['open']> {
    return options;
  }
  async load({ weights, outputs }: StageModel): Promise<number> {
    if (this.closed) throw new RuntimeFailedError('closed', { step: 'close' });
    this.loads.push(new Blob(weights ? [weights] : []));
    this.heapBytes += this.growth;
    this.#width = Number(outputs[0]?.dims?.[1] ?? WIDTH);
    return this.loads.length;
  }
  async run(_: number, [input]: readonly StageInput[]): ReturnType<StageExecutor['run']> {
    if (this.closed) throw new RuntimeFailedError('closed', { step: 'close' });
    if (this.refusesWeights && (this.loads.at(-1)?.size ?? 0) > 0) {
      throw new RuntimeFailedError('index out of range', { step: 'run' });
    }
    const rows = (input && 'data' in input && input.dims[0]) || 0;
    const values = new Float32Array(rows * this.#width).fill(1e30);
    return { outputs: [fromFloat32([rows, this.#width], values)], kept: [], computeMs: 1 };
  }
  drop(): void {}
  async release(): Promise<void> {}
  async memory(): ReturnType<StageExecutor['memory']> {
    return { heapBytes: this.heapBytes, bufferBytes: 0, peakBytes: this.heapBytes };
  }
  close(): void {
    this.closed = true;
  }
}

interface Measured {
  readonly calibration: Promise<Calibration>;
  readonly made: Stub[];
}

function measure(
  parts: { graph: ModelGraph; blocks: Blocks },
  change: Partial<CalibrateOptions> = {},
  prepare: (stub: Stub) => void = () => undefined,
): Measured {
  const made: Stub[] = [];
  const calibration = calibrate({
    ...parts,
    packOf: async ({ weightBytes }) => new Uint8Array(weightBytes),
    executors: () => {
      const stub = new Stub();
      prepare(stub);
      made.push(stub);
      return stub;
    },
    runtime: { provider: 'wasm', threads: 1 },
    inputs: [fromFloat32([3, WIDTH], new Float32Array(3 * WIDTH))],
    unsent: new Set(),
    clock: systemClock,
    memoryBytes: 1e9,
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...change,
  });
  return { calibration, made };
}

const sizes = (stub: Stub | undefined): number[] => stub?.loads.map(({ size }) => size) ?? [];

describe('calibrate', () => {
  test('measures one block of each kind and gives its time to the others', async () => {
    const parts = await chain(6);
    const { calibration, made } = measure(parts);
    const { blockMs, blockWeightBytes, estimated, wholeMs } = await calibration;
    expect(parts.blocks.count).toBeGreaterThan(4);
    // Two walks, in each the first block (Add and what goes with it) and one MatMul, then the whole.
    const kinds = new Set(blockWeightBytes).size;
    expect(made).toHaveLength(1);
    expect(sizes(made[0]).length).toBe(2 * kinds + 1);
    expect(blockMs).toHaveLength(parts.blocks.count);
    expect(new Set(estimated)).toEqual(new Set([false]));
    expect(wholeMs).toBe(1);
    expect(blockMs.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(1, 9);
  });

  test('knows the shapes at every boundary, also behind blocks that shared a measurement', async () => {
    const parts = await chain(6);
    const { boundarySamples, boundaryBytes } = await measure(parts).calibration;
    const sample = { dims: [3, WIDTH], bytes: null };
    expect(boundarySamples).toEqual(Array.from({ length: parts.blocks.count + 1 }, () => [sample]));
    expect(boundaryBytes).toEqual(boundarySamples.map(() => 3 * WIDTH * 4));
    const unsent = new Set(parts.graph.outputs.map(({ name }) => name));
    const staying = await measure(parts, { unsent }).calibration;
    expect(staying.boundaryBytes).toEqual([...boundaryBytes.slice(0, -1), 0]);
  });

  test('times stand-ins where the weights are elsewhere: small floats of the right number, never the whole', async () => {
    const parts = await chain(4);
    const { calibration, made } = measure(parts, { packOf: async () => null });
    const { wholeMs, estimated } = await calibration;
    expect(wholeMs).toBeNull();
    expect(new Set(estimated)).toEqual(new Set([false]));
    const loaded = made.flatMap(({ loads }) => loads).filter(({ size }) => size === LAYER_BYTES);
    expect(loaded.length).toBeGreaterThan(0);
    for (const blob of loaded) {
      const values = new Float32Array(await blob.arrayBuffer());
      expect(Math.min(...values)).toBeCloseTo(0.0115, 3);
      expect(Math.max(...values)).toBeCloseTo(0.0115, 3);
    }
  });

  test('does not run a block that is larger than the device, and says so', async () => {
    const parts = await chain(5, 64 * WIDTH);
    const { calibration, made } = measure(parts, { memoryBytes: 20 * LAYER_BYTES });
    const { estimated, blockMs, boundarySamples, wholeMs } = await calibration;
    expect(estimated).toEqual([...Array(parts.blocks.count - 1).fill(false), true]);
    expect(Math.max(...made.flatMap(sizes))).toBeLessThanOrEqual(20 * LAYER_BYTES);
    expect(boundarySamples.at(-1)).toEqual([{ dims: [3, 64 * WIDTH], bytes: null }]);
    expect(wholeMs).toBeNull();
    // 64 times the work of the blocks before it.
    expect((blockMs.at(-1) ?? 0) / (blockMs.at(-2) ?? 0)).toBeGreaterThan(30);
  });

  test('computes the time of a block whose operators refuse stand-ins, but a model that refuses its own weights fails', async () => {
    const parts = await chain(3);
    const refuse = (stub: Stub): void => {
      stub.refusesWeights = true;
    };
    const { estimated, blockWeightBytes } = await measure(parts, { packOf: async () => null }, refuse)
      .calibration;
    expect(estimated).toEqual(blockWeightBytes.map((bytes) => bytes > 0));
    await expect(measure(parts, {}, refuse).calibration).rejects.toThrow('index out of range');
  });

  test('takes a fresh worker before the heap outgrows what the device may use', async () => {
    const parts = await chain(4);
    const memoryBytes = 1e6;
    const { calibration, made } = measure(parts, { memoryBytes }, (stub) => {
      stub.growth = workerBytes(memoryBytes);
    });
    await calibration;
    expect(made.length).toBeGreaterThan(1);
    expect(made.every(({ loads }) => loads.length <= 1)).toBe(true);
    expect(made.every(({ closed }) => closed)).toBe(true);
  });

  test('an abort ends the worker and rejects', async () => {
    const parts = await chain(4);
    const control = new AbortController();
    const { calibration, made } = measure(parts, {
      signal: control.signal,
      packOf: async ({ weightBytes }) => {
        control.abort(new Error('another model was chosen'));
        return new Uint8Array(weightBytes);
      },
    });
    await expect(calibration).rejects.toThrow();
    expect(made.every(({ closed }) => closed)).toBe(true);
  });
});
