import type { Blocks } from '../graph/blocks.ts';
import { largestWeight } from '../graph/largest-weight.ts';
import type { ModelGraph } from '../graph/model-graph.ts';
import { makeShard } from '../graph/shard.ts';
import type { BoundaryTensor, Shard } from '../graph/shard.types.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Calibration } from '../protocol/calibration.ts';
import type { TensorSample } from '../protocol/messages.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { DimNames } from './dim-names.ts';
import { type BlockRun, measureBlock } from './measure-block.ts';
import { RoomyExecutor } from './roomy-executor.ts';
import { runBlock, totalBytes } from './run-block.ts';
import type { ExecutorFactory, ExecutorOptions, StageModel } from './stage-executor.ts';
import { sampleOf } from './warm-up.ts';

export interface CalibrateOptions {
  readonly graph: ModelGraph;
  readonly blocks: Blocks;
  /** The pack of a shard where its bytes are at hand; null where they are elsewhere: stand-ins are timed instead. */
  readonly packOf: (shard: Shard) => Promise<StageModel['weights']>;
  readonly executors: ExecutorFactory;
  readonly runtime: ExecutorOptions;
  /** One input of the shapes in use. */
  readonly inputs: readonly Tensor[];
  /** Names of what stays on its device in the use that is planned for. */
  readonly unsent: ReadonlySet<string>;
  readonly clock: Clock;
  /** Bytes of weights and workspace that this device may hold. What is larger does not run. */
  readonly memoryBytes: number;
  readonly onProgress: (fraction: number) => void;
  /** Ends the executor at once. */
  readonly signal: AbortSignal;
}

/** When the walk has taken this long, nothing is repeated any more: a slow device must not wait minutes. */
const PATIENCE_MS = 6000;
/** A walk as quick as this is made a second time: WebAssembly runs slower until the browser has optimised it. */
const QUICK_MS = 2500;
/** The whole runs only where it takes no more than this of the memory: it is not needed, only good to know. */
const COMFORT = 1 / 2;
/** When no block ran at all: a billion multiply-adds a second, a slow phone. */
const UNMEASURED_MS_PER_COST = 1e-6;

interface BlockMeasure {
  /** Null for a block that did not run. */
  readonly ms: number | null;
  readonly weightBytes: number;
  readonly tensorBytes: number;
  readonly workspaceBytes: number;
  readonly outputBytes: number;
  readonly samples: readonly TensorSample[];
}

/**
 * Runs the model block by block, which gives the exact shapes at every boundary for any graph and the time of
 * each block, without ever holding more than one block; blocks of one kind share one measurement. Then once
 * whole, where that fits well, because a block alone costs a little more than within its stage.
 * Rejects with RuntimeFailedError or the signal's reason.
 */
export async function calibrate(options: CalibrateOptions): Promise<Calibration> {
  const { executors, runtime, memoryBytes, signal } = options;
  const executor = new RoomyExecutor(executors, runtime, memoryBytes);
  const abort = (): void => executor.close();
  signal.addEventListener('abort', abort);
  try {
    return await withExecutor(options, executor);
  } finally {
    signal.removeEventListener('abort', abort);
    executor.close();
  }
}

async function withExecutor(options: CalibrateOptions, executor: RoomyExecutor): Promise<Calibration> {
  const { graph, blocks, inputs, clock, onProgress, unsent } = options;
  const startedAt = clock.now();
  let walked = await walk(options, executor, (part) => onProgress(part / 2));
  if (clock.now() - startedAt < QUICK_MS) {
    const again = await walk(options, executor, (part) => onProgress((1 + part) / 2));
    walked = walked.map((block, at) => ({ ...block, ms: faster(block.ms, again[at]?.ms ?? null) }));
  }
  const late = clock.now() - startedAt > 3 * PATIENCE_MS;
  const wholeMs = late ? null : await measureWhole(options, executor);
  const blockMs = completed(walked, blocks.costs);
  const sum = blockMs.reduce((total, ms) => total + ms, 0);
  const scale = wholeMs !== null && sum > 0 ? wholeMs / sum : 1;
  return {
    blockMs: blockMs.map((ms) => ms * scale),
    boundaryBytes: [sentBytes(graph.inputs, inputs, unsent), ...walked.map(({ outputBytes }) => outputBytes)],
    boundarySamples: [inputs.map(sampleOf), ...walked.map(({ samples }) => samples)],
    blockWeightBytes: walked.map(({ weightBytes }) => weightBytes),
    blockWorkspaceBytes: walked.map(({ workspaceBytes }) => workspaceBytes),
    blockTensorBytes: walked.map(({ tensorBytes }) => tensorBytes),
    estimated: walked.map(({ ms }) => ms === null),
    wholeMs,
  };
}

/** Once through all blocks, each fed with what the one before returned. */
async function walk(
  options: CalibrateOptions,
  executor: RoomyExecutor,
  onProgress: (part: number) => void,
): Promise<BlockMeasure[]> {
  const { graph, blocks, inputs, clock, signal, unsent } = options;
  const startedAt = clock.now();
  const measures: BlockMeasure[] = [];
  const kinds = new Map<string, BlockRun>();
  const names = new DimNames();
  let tensors = inputs;
  for (let block = 0; block < blocks.count; block++) {
    signal.throwIfAborted();
    onProgress(block / blocks.count);
    const shard = makeShard(graph, blocks, block, block + 1);
    names.learn(shard.receives, tensors);
    const once = clock.now() - startedAt > PATIENCE_MS;
    const { ms, tensors: sent } = await runBlock(options, executor, { shard, tensors, once, kinds, names });
    measures.push({
      ms,
      weightBytes: shard.weightBytes,
      tensorBytes: largestWeight(graph, shard),
      workspaceBytes: totalBytes(tensors) + totalBytes(sent),
      outputBytes: sentBytes(shard.sends, sent, unsent),
      samples: sent.map(sampleOf),
    });
    tensors = sent;
  }
  return measures;
}

async function measureWhole(options: CalibrateOptions, executor: RoomyExecutor): Promise<number | null> {
  const { graph, blocks, inputs, memoryBytes, packOf, signal } = options;
  const whole = makeShard(graph, blocks, 0, blocks.count);
  if (whole.weightBytes > memoryBytes * COMFORT) return null;
  signal.throwIfAborted();
  const pack = whole.weightBytes > 0 ? await packOf(whole) : null;
  // Stand-ins through the whole length may leave the floats, or steer an operator where true values never do.
  if (whole.weightBytes > 0 && pack === null) return null;
  const roomy = await executor.withRoomFor(whole.weightBytes);
  return (await measureBlock(roomy, whole, pack, inputs, false)).ms;
}

/** Blocks that did not run take their share by the rough cost, at the rate of those that ran. */
function completed(walked: readonly BlockMeasure[], costs: readonly number[]): number[] {
  let ms = 0;
  let cost = 0;
  for (const [at, block] of walked.entries()) {
    if (block.ms === null) continue;
    ms += block.ms;
    cost += costs[at] ?? 0;
  }
  const rate = cost > 0 ? ms / cost : UNMEASURED_MS_PER_COST;
  return walked.map((block, at) => block.ms ?? (costs[at] ?? 0) * rate);
}

function faster(one: number | null, other: number | null): number | null {
  return one === null || other === null ? one : Math.min(one, other);
}

/** Bytes of what goes over a boundary. */
function sentBytes(
  boundary: readonly BoundaryTensor[],
  tensors: readonly Tensor[],
  unsent: ReadonlySet<string>,
): number {
  return totalBytes(tensors.filter((_, at) => !unsent.has(boundary[at]?.name ?? '')));
}
