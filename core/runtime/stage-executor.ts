import type { BoundaryTensor } from '../graph/shard.types.ts';
import type { Provider } from '../provider.ts';
import type { Cut } from '../tensor/cut.ts';
import type { Dtype } from '../tensor/dtype.ts';
import type { Fill, PadSide } from '../tensor/rows.ts';
import type { Tensor } from '../tensor/tensor.ts';

export interface ExecutorOptions {
  readonly provider: Provider;
  /** WASM threads; ignored by WebGPU. */
  readonly threads: number;
}

/** A stage as the executor needs it: the small model and its weight pack, nothing of the rest. */
export interface StageModel {
  readonly model: Uint8Array<ArrayBuffer>;
  /** The external data pack; a Blob stays on disk until read, null when the stage has no large weights. */
  readonly weights: Blob | Uint8Array<ArrayBuffer> | null;
  readonly inputs: readonly BoundaryTensor[];
  readonly outputs: readonly BoundaryTensor[];
  /** Outputs that runs will keep here: where it computes on a GPU, they stay on it. */
  readonly keeps?: readonly string[];
}

/** A tensor that stays with an executor between runs, as it is known outside. */
export interface KeptTensor {
  /** Names it within its executor. */
  readonly kept: number;
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  readonly bytes: number;
}

/** A kept tensor as the input of a run. */
export interface KeptInput {
  readonly kept: number;
  /** Only so much of it counts; null: all. */
  readonly cut: Cut | null;
  /** It is freed after this run, however that ends. */
  readonly last: boolean;
}

/** Kept tensors as one input, one below the other along axis 0; a null is all zeros. */
export interface JoinedInput {
  readonly rows: readonly (KeptInput | null)[];
  /** How they are made equally long; null: they are. */
  readonly fill: Fill | null;
}

export type StageInput = Tensor | KeptInput | JoinedInput;

/** An output that stays for later runs: as one tensor, or as one for each row. */
export interface KeptOutput {
  /** Its place among the stage's `outputs`. */
  readonly output: number;
  readonly rows: KeptRows | null;
}

export interface KeptRows {
  readonly count: number;
  /** How much of each row is its own, and not what filled it up; null: all. */
  readonly own: { readonly axis: number; readonly side: PadSide; readonly lengths: readonly number[] } | null;
}

/** Which outputs of a run are wanted. */
export interface RunOptions {
  /** Places among the stage's `outputs`: these come back; all of them where left out. */
  readonly sends?: readonly number[];
  /** These stay; none where left out. */
  readonly keeps?: readonly KeptOutput[];
}

/** What of a row is its own; null: all. */
export function ownOf(rows: KeptRows | null, row: number): Fill | null {
  const { axis, side, lengths } = rows?.own ?? {};
  const length = lengths?.[row];
  return axis === undefined || side === undefined || length === undefined ? null : { axis, side, length };
}

/** The kept tensors that are freed with a run, however it ends. */
export function lastOf(inputs: readonly StageInput[]): number[] {
  return inputs.flatMap((input) => {
    if ('data' in input) return [];
    const rows = 'rows' in input ? input.rows : [input];
    return rows.flatMap((row) => (row?.last ? [row.kept] : []));
  });
}

/** How the runtime holds the weights of a stage. Left out, the executor decides from the memory it may use. */
export interface LoadOptions {
  /** Weights are laid out anew for speed while they load, which needs up to half as much memory again (facts.md A1). */
  readonly prepack: boolean;
}

/** Bytes of an executor's worker. */
export interface WorkerMemory {
  /** The runtime's heap, which never shrinks; 0 when it cannot be told. */
  readonly heapBytes: number;
  /** Held beside the heap: weights given as bytes while they load, tensors on their way or kept, weights on a GPU. */
  readonly bufferBytes: number;
  /** The most of both together since the worker began. */
  readonly peakBytes: number;
}

export interface StageResult {
  /** In the order of {@link RunOptions.sends}; the caller owns the buffers. */
  readonly outputs: readonly Tensor[];
  /** In the order of {@link RunOptions.keeps}, row by row: the executor's until a run has them as its last, or `drop`. */
  readonly kept: readonly KeptTensor[];
  /** Wall time inside the runtime's `run`, in milliseconds. */
  readonly computeMs: number;
}

/** Identifies a loaded stage within its executor. */
export type StageHandle = number;

/**
 * Executes stages; knows the runtime, not the mesh. Calls queue behind one lock (facts.md A4), in order.
 * Rejects with RuntimeFailedError (by name). Every implementation passes `executorContract`.
 */
export interface StageExecutor {
  /** Starts the runtime; must be called once, first. Returns the options in force. */
  open(options: ExecutorOptions): Promise<ExecutorOptions>;
  /** Takes ownership of `weights` given as bytes: their buffer may be detached. */
  load(stage: StageModel, options?: LoadOptions): Promise<StageHandle>;
  /** Inputs in the order of the stage's `inputs`. Takes ownership: their buffers may be detached. */
  run(stage: StageHandle, inputs: readonly StageInput[], options?: RunOptions): Promise<StageResult>;
  /** Frees kept tensors, after the runs that were asked for before. */
  drop(kept: readonly number[]): void;
  release(stage: StageHandle): Promise<void>;
  memory(): Promise<WorkerMemory>;
  /** Ends the executor at once and gives all its memory back. Pending calls reject. */
  close(): void;
}

/** Makes executors: each re-partition takes a fresh one, because WASM memory never shrinks (facts.md A1). */
export type ExecutorFactory = () => StageExecutor;
