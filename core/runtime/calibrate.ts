import type { Blocks } from '../graph/blocks.ts';
import type { ModelGraph } from '../graph/model-graph.ts';
import { packBlob } from '../graph/pack.ts';
import { makeShard } from '../graph/shard.ts';
import type { Shard } from '../graph/shard.types.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { runStage } from './stage.ts';
import type { StageExecutor } from './stage-executor.ts';
import { termsAlone } from './terms.ts';

/** What one walk through the model on this device told. */
export interface Calibration {
  /** Time of each block on this device, in ms; they add up to `wholeMs` where that was measured. */
  readonly blockMs: readonly number[];
  /** Bytes at each boundary: the model's input, after each block, the result last. Length: blocks + 1. */
  readonly boundaryBytes: readonly number[];
  /** Shape of each tensor at each boundary, in the order of the blocks' boundaries. */
  readonly boundaryDims: readonly (readonly (readonly number[])[])[];
  /** Weights of each block. */
  readonly blockWeightBytes: readonly number[];
  /** Activations that live while the block runs: an estimate of its workspace. */
  readonly blockWorkspaceBytes: readonly number[];
  /** The whole model in one piece on this device, or null when it was not tried. */
  readonly wholeMs: number | null;
}

export interface CalibrateOptions {
  readonly graph: ModelGraph;
  readonly blocks: Blocks;
  readonly blobOf: (file: string) => Blob;
  /** Open and idle; the caller closes it. */
  readonly executor: StageExecutor;
  /** One input of the shapes in use. */
  readonly inputs: readonly Tensor[];
  readonly clock: Clock;
  /** The whole model is measured only when its weights fit into this many bytes. */
  readonly memoryBytes: number;
  readonly onProgress: (fraction: number) => void;
  readonly signal: AbortSignal;
}

/** Timed runs of each block after the one that warms up: the least that has a median. */
const RUNS = 3;
/** When the walk has taken this long, blocks are no longer repeated: a slow device must not wait minutes. */
const PATIENCE_MS = 6000;

/**
 * Runs the model block by block, which gives the exact shapes at every boundary for any graph and the time of
 * each block, without ever holding more than one block; then once whole, because a block alone costs a little
 * more than within its stage. Rejects with RuntimeFailedError or the signal's reason.
 */
export async function calibrate(options: CalibrateOptions): Promise<Calibration> {
  const { graph, blocks, inputs, clock, signal } = options;
  const startedAt = clock.now();
  const blockMs: number[] = [];
  const boundaryBytes = [totalBytes(inputs)];
  const boundaryDims = [inputs.map(({ dims }) => dims)];
  const blockWeightBytes: number[] = [];
  const blockWorkspaceBytes: number[] = [];
  let tensors = inputs;
  for (let block = 0; block < blocks.count; block++) {
    signal.throwIfAborted();
    options.onProgress(block / (blocks.count + 1));
    const shard = makeShard(graph, blocks, block, block + 1);
    const runs = clock.now() - startedAt > PATIENCE_MS ? 0 : RUNS;
    const measured = await measure(options, shard, tensors, runs);
    blockMs.push(measured.ms);
    blockWeightBytes.push(shard.weightBytes);
    blockWorkspaceBytes.push(totalBytes(tensors) + totalBytes(measured.tensors));
    tensors = measured.tensors;
    boundaryBytes.push(totalBytes(tensors));
    boundaryDims.push(tensors.map(({ dims }) => dims));
  }
  const wholeMs = await measureWhole(options, clock.now() - startedAt > 3 * PATIENCE_MS);
  const sum = blockMs.reduce((total, ms) => total + ms, 0);
  const scale = wholeMs !== null && sum > 0 ? wholeMs / sum : 1;
  return {
    blockMs: blockMs.map((ms) => ms * scale),
    boundaryBytes,
    boundaryDims,
    blockWeightBytes,
    blockWorkspaceBytes,
    wholeMs,
  };
}

async function measureWhole(options: CalibrateOptions, late: boolean): Promise<number | null> {
  const { graph, blocks, inputs, memoryBytes, signal } = options;
  const whole = makeShard(graph, blocks, 0, blocks.count);
  if (late || whole.weightBytes > memoryBytes) return null;
  signal.throwIfAborted();
  return (await measure(options, whole, inputs, RUNS)).ms;
}

async function measure(
  { executor, blobOf }: CalibrateOptions,
  shard: Shard,
  tensors: readonly Tensor[],
  runs: number,
): Promise<{ ms: number; tensors: readonly Tensor[] }> {
  const terms = termsAlone(shard);
  const weights = shard.weightBytes > 0 ? packBlob(shard.weights, blobOf) : null;
  const handle = await executor.load({
    model: shard.model,
    weights,
    inputs: shard.inputs,
    outputs: shard.outputs,
  });
  try {
    const stage = { terms, executor, handle };
    const fresh = (): Tensor[] => tensors.map((t) => ({ ...t, data: t.data.slice() }));
    let last = await runStage(stage, fresh());
    const times = runs === 0 ? [last.computeMs] : [];
    for (let run = 0; run < runs; run++) {
      last = await runStage(stage, fresh());
      times.push(last.computeMs);
    }
    times.sort((a, b) => a - b);
    return { ms: times[times.length >> 1] ?? 0, tensors: last.tensors };
  } finally {
    await executor.release(handle);
  }
}

function totalBytes(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, t) => sum + t.data.byteLength, 0);
}
