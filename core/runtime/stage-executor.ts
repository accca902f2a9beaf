import type { BoundaryTensor } from '../graph/shard.types.ts';
import type { Provider } from '../provider.ts';
import type { Cut } from '../tensor/cut.ts';
import type { Dtype } from '../tensor/dtype.ts';
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

export type StageInput = Tensor | KeptInput;

/** Which outputs of a run are wanted, by their places among the stage's `outputs`. */
export interface RunOptions {
  /** These come back; all of them where left out. */
  readonly sends?: readonly number[];
  /** These stay for later runs; none where left out. */
  readonly keeps?: readonly number[];
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
  /** In the order of {@link RunOptions.keeps}: the executor's until a run has them as its last, or `drop`. */
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
