import type { Blocks } from '../graph/blocks.ts';
import type { ModelGraph } from '../graph/model-graph.ts';
import { packBlob } from '../graph/pack.ts';
import { makeShard } from '../graph/shard.ts';
import type { Shard } from '../graph/shard.types.ts';
import type { Clock } from '../mesh/clock.ts';
import type { MeasuredModel } from '../plan/profile.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { runStage } from './stage.ts';
import type { StageExecutor } from './stage-executor.ts';
import { termsAlone } from './terms.ts';

/** What one walk through the model on this device told. */
export interface Calibration extends MeasuredModel {
  /** Shape of each tensor at each boundary, in the order of the blocks' boundaries. */
  readonly boundaryDims: readonly (readonly (readonly number[])[])[];
  /** The whole model in one piece on this device, to which the times of the blocks add up; null when it was not tried. */
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

/** Timed runs after the one that warms up: the least that has a lower quartile. */
const LEAST_RUNS = 3;
/** Runs that take less than this together say little, so there are more of them, up to a limit. */
const RUN_FOR_MS = 15;
const MOST_RUNS = 12;
/** When the walk has taken this long, nothing is repeated any more: a slow device must not wait minutes. */
const PATIENCE_MS = 6000;
/** A walk as quick as this is made a second time: WebAssembly runs slower until the browser has optimised it. */
const QUICK_MS = 2500;

interface BlockMeasure {
  readonly ms: number;
  readonly weightBytes: number;
  readonly workspaceBytes: number;
  readonly outputBytes: number;
  readonly outputDims: readonly (readonly number[])[];
}

/**
 * Runs the model block by block, which gives the exact shapes at every boundary for any graph and the time of
 * each block, without ever holding more than one block; then once whole, because a block alone costs a little
 * more than within its stage. Rejects with RuntimeFailedError or the signal's reason.
 */
export async function calibrate(options: CalibrateOptions): Promise<Calibration> {
  const { inputs, clock, onProgress } = options;
  const startedAt = clock.now();
  let walked = await walk(options, (part) => onProgress(part / 2));
  if (clock.now() - startedAt < QUICK_MS) {
    const again = await walk(options, (part) => onProgress((1 + part) / 2));
    walked = walked.map((block, at) => ({ ...block, ms: Math.min(block.ms, again[at]?.ms ?? block.ms) }));
  }
  const wholeMs = await measureWhole(options, clock.now() - startedAt > 3 * PATIENCE_MS);
  const sum = walked.reduce((total, { ms }) => total + ms, 0);
  const scale = wholeMs !== null && sum > 0 ? wholeMs / sum : 1;
  return {
    blockMs: walked.map(({ ms }) => ms * scale),
    boundaryBytes: [totalBytes(inputs), ...walked.map(({ outputBytes }) => outputBytes)],
    boundaryDims: [inputs.map(({ dims }) => dims), ...walked.map(({ outputDims }) => outputDims)],
    blockWeightBytes: walked.map(({ weightBytes }) => weightBytes),
    blockWorkspaceBytes: walked.map(({ workspaceBytes }) => workspaceBytes),
    wholeMs,
  };
}

/** Once through all blocks, each fed with what the one before returned. */
async function walk(options: CalibrateOptions, onProgress: (part: number) => void): Promise<BlockMeasure[]> {
  const { graph, blocks, inputs, clock, signal } = options;
  const startedAt = clock.now();
  const measures: BlockMeasure[] = [];
  let tensors = inputs;
  for (let block = 0; block < blocks.count; block++) {
    signal.throwIfAborted();
    onProgress(block / blocks.count);
    const shard = makeShard(graph, blocks, block, block + 1);
    const once = clock.now() - startedAt > PATIENCE_MS;
    const measured = await measure(options, shard, tensors, once);
    measures.push({
      ms: measured.ms,
      weightBytes: shard.weightBytes,
      workspaceBytes: totalBytes(tensors) + totalBytes(measured.tensors),
      outputBytes: totalBytes(measured.tensors),
      outputDims: measured.tensors.map(({ dims }) => dims),
    });
    tensors = measured.tensors;
  }
  return measures;
}

async function measureWhole(options: CalibrateOptions, late: boolean): Promise<number | null> {
  const { graph, blocks, inputs, memoryBytes, signal } = options;
  const whole = makeShard(graph, blocks, 0, blocks.count);
  if (late || whole.weightBytes > memoryBytes) return null;
  signal.throwIfAborted();
  return (await measure(options, whole, inputs, false)).ms;
}

/** `once`: the first run counts, though it warms up. Else the lower quartile of several: other work only adds time. */
async function measure(
  { executor, blobOf }: CalibrateOptions,
  shard: Shard,
  tensors: readonly Tensor[],
  once: boolean,
): Promise<{ ms: number; tensors: readonly Tensor[] }> {
  const { model, inputs, outputs } = shard;
  const weights = shard.weightBytes > 0 ? packBlob(shard.weights, blobOf) : null;
  const handle = await executor.load({ model, weights, inputs, outputs });
  try {
    const stage = { terms: termsAlone(shard), executor, handle };
    const fresh = (): Tensor[] => tensors.map((t) => ({ ...t, data: t.data.slice() }));
    let last = await runStage(stage, fresh());
    if (once) return { ms: last.computeMs, tensors: last.tensors };
    const times: number[] = [];
    for (let spent = 0; times.length < LEAST_RUNS || (spent < RUN_FOR_MS && times.length < MOST_RUNS); ) {
      last = await runStage(stage, fresh());
      times.push(last.computeMs);
      spent += last.computeMs;
    }
    times.sort((a, b) => a - b);
    return { ms: times[times.length >> 2] ?? 0, tensors: last.tensors };
  } finally {
    await executor.release(handle);
  }
}

function totalBytes(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, t) => sum + t.data.byteLength, 0);
}
