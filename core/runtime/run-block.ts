import { RuntimeFailedError } from '../errors.ts';
import { blockKind } from '../graph/block-kind.ts';
import type { ModelGraph } from '../graph/model-graph.ts';
import type { BoundaryTensor, Shard } from '../graph/shard.types.ts';
import { standInPack, standInTensor } from '../graph/stand-in-weights.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { DimNames } from './dim-names.ts';
import { type BlockRun, measureBlock } from './measure-block.ts';
import type { RoomyExecutor } from './roomy-executor.ts';
import type { StageModel } from './stage-executor.ts';

/** No shape is longer. */
const STEERING_BYTES = 1024;

/** A block's turn in a walk through the model. */
export interface Turn {
  readonly shard: Shard;
  readonly tensors: readonly Tensor[];
  readonly once: boolean;
  /** What ran before, by kind: its time and the outputs of its model. */
  readonly kinds: Map<string, BlockRun>;
  readonly names: DimNames;
}

/** What a block sends on, true in its shapes; `ms` is null where it did not run. */
export interface TurnTaken {
  readonly ms: number | null;
  readonly tensors: readonly Tensor[];
}

export interface TurnOptions {
  readonly graph: ModelGraph;
  readonly memoryBytes: number;
  readonly packOf: (shard: Shard) => Promise<StageModel['weights']>;
}

/** Runs one block, or lets it share what one of its kind told. Rejects with RuntimeFailedError. */
export async function runBlock(
  options: TurnOptions,
  executor: RoomyExecutor,
  turn: Turn,
): Promise<TurnTaken> {
  const { graph, memoryBytes, packOf } = options;
  const { shard, tensors, once, kinds } = turn;
  const kind = `${blockKind(graph, shard)}\n${shapesOf(shard, tensors)}`;
  const twin = kinds.get(kind);
  if (twin) return { ms: twin.ms, tensors: sendsOf(shard, tensors, twin.tensors) };
  const bytes = shard.weightBytes + totalBytes(tensors);
  if (bytes > memoryBytes) return assumed(turn);
  const pack = shard.weightBytes > 0 ? await packOf(shard) : null;
  const standIn = shard.weightBytes > 0 && pack === null;
  try {
    const weights = standIn ? standInPack(graph, shard) : pack;
    const run = await measureBlock(await executor.withRoomFor(bytes), shard, weights, tensors, once);
    // A long row of blocks could carry stand-ins beyond what a float holds, so each begins anew.
    const sent = standIn ? run.tensors.map(calm) : run.tensors;
    const outputs = shard.outputs.flatMap(({ name }) => named(shard.sends, sent, name) ?? []);
    kinds.set(kind, { ms: run.ms, tensors: outputs });
    return { ms: run.ms, tensors: sent };
  } catch (error) {
    // Stand-ins may be what an operator cannot work with; true weights that it refuses are the model's fault.
    if (standIn && error instanceof RuntimeFailedError && error.data.step === 'run') return assumed(turn);
    throw error;
  }
}

/** A block that does not run: what it sends is known from what the model declares. */
function assumed({ shard, tensors, names }: Turn): TurnTaken {
  const outputs = shard.outputs.map((output) => {
    const shape = names.shapeOf(output);
    if (shape) return standInTensor(output.dtype, shape);
    throw new RuntimeFailedError(
      `Layer ${shard.end} did not run on this device, and the model does not say what shape it returns.`,
      {
        step: 'measure the model',
        expected: `the shape of "${output.name}"`,
        actual: `[${output.dims ?? '?'}]`,
      },
    );
  });
  return { ms: null, tensors: sendsOf(shard, tensors, outputs) };
}

/** Shapes of what enters a block, and small integers among it, which may be shapes themselves. */
function shapesOf({ receives, inputs }: Shard, tensors: readonly Tensor[]): string {
  return inputs
    .map(({ name }) => {
      const t = named(receives, tensors, name);
      const steers = t && !t.dtype.startsWith('float') && t.data.byteLength <= STEERING_BYTES;
      return `[${t?.dims}]${steers ? t.data.join() : ''}`;
    })
    .join();
}

function sendsOf(shard: Shard, received: readonly Tensor[], outputs: readonly Tensor[]): readonly Tensor[] {
  return shard.sends.flatMap(
    ({ name }) => named(shard.outputs, outputs, name) ?? named(shard.receives, received, name) ?? [],
  );
}

function named(
  boundary: readonly BoundaryTensor[],
  tensors: readonly Tensor[],
  name: string,
): Tensor | undefined {
  return tensors[boundary.findIndex((value) => value.name === name)];
}

function calm(t: Tensor): Tensor {
  return t.dtype.startsWith('float') ? standInTensor(t.dtype, t.dims) : t;
}

/** Bytes of some tensors together. */
export function totalBytes(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, t) => sum + t.data.byteLength, 0);
}
