import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-common';
import { messageOf, RuntimeFailedError } from '../core/errors.ts';
import type { BoundaryTensor } from '../core/graph/shard.types.ts';
import { isOnGpu } from '../core/provider.ts';
import { CallQueue } from '../core/runtime/call-queue.ts';
import {
  type ExecutorOptions,
  type KeptTensor,
  type LoadOptions,
  lastOf,
  type RunOptions,
  type StageExecutor,
  type StageHandle,
  type StageInput,
  type StageModel,
  type StageResult,
  type WorkerMemory,
} from '../core/runtime/stage-executor.ts';
import { buffersOf, type Tensor } from '../core/tensor/tensor.ts';
import type { BlobReader } from './blob-reader.ts';
import { fromOrt, toOrt } from './feeds.ts';
import type { HeapGauge } from './heap-gauge.ts';
import { KeptTensors } from './kept-tensors.ts';
import { LazyWeights } from './lazy-weights.ts';
import { MemoryMeter } from './memory-meter.ts';
import type { OpenedOrt, OrtOpener } from './ort.ts';
import { sessionOptions } from './session-options.ts';

interface LoadedStage {
  readonly session: InferenceSession;
  readonly inputs: readonly BoundaryTensor[];
  readonly outputs: readonly BoundaryTensor[];
  /** What the stage holds beside the heap. */
  readonly gpuBytes: number;
}

/** What the runtime takes of its heap for itself and a stage's usual tensors. */
const OWN_BYTES = 24e6;
/** While weights come in the heap grows by this at a time. Left alone it grows by a fifth, in the end 60 MB too far. */
const AHEAD_BYTES = 32e6;

/** What a worker thread offers beside the runtime; a plain one offers neither. */
export interface Surroundings {
  readonly heap?: HeapGauge;
  /** Without it weights in a Blob are read into memory before the runtime copies them. */
  readonly reader?: BlobReader;
}

/**
 * Runs stages on ONNX Runtime, one call at a time. Runs in a worker thread: `run` occupies its thread.
 * `close` only refuses further work; memory returns when the thread ends.
 */
export class StageWorker<Options extends ExecutorOptions = ExecutorOptions> implements StageExecutor {
  readonly #openOrt: OrtOpener<Options>;
  readonly #heap: HeapGauge | undefined;
  readonly #reader: BlobReader | undefined;
  readonly #meter: MemoryMeter;
  readonly #kept: KeptTensors;
  readonly #queue: CallQueue = new CallQueue();
  readonly #stages: Map<StageHandle, LoadedStage> = new Map();
  #opened: OpenedOrt | undefined;
  #nextHandle: StageHandle = 1;

  constructor(openOrt: OrtOpener<Options>, { heap, reader }: Surroundings = {}) {
    this.#openOrt = openOrt;
    this.#heap = heap;
    this.#reader = reader;
    this.#meter = new MemoryMeter(() => heap?.bytes() ?? 0);
    this.#kept = new KeptTensors(this.#meter);
  }

  open(options: Options): Promise<ExecutorOptions> {
    return this.#queue.run(async () => {
      if (this.#opened) throw failure('open', 'The runtime is already open.', 'one call of open');
      this.#opened = await naming('open', () => this.#openOrt(options));
      return this.#opened.options;
    });
  }

  load(stage: StageModel, { prepack }: LoadOptions = { prepack: true }): Promise<StageHandle> {
    return this.#queue.run(async () => {
      const { ort, options } = this.#runtime('create');
      const { model, weights, keeps = [] } = stage;
      const weightBytes = weights instanceof Blob ? weights.size : (weights?.byteLength ?? 0);
      const onGpu = isOnGpu(options.provider);
      const reader = this.#reader;
      const lazy = weights instanceof Blob && reader ? this.#lazily(weights, reader, !onGpu) : null;
      const beside = model.byteLength + (lazy ? 0 : weightBytes);
      this.#meter.take(beside);
      try {
        const session = await naming('create', () =>
          ort.InferenceSession.create(
            model,
            sessionOptions(options.provider, lazy ?? weights, { prepack, keeps }),
          ),
        );
        lazy?.checkCopied();
        const handle = this.#nextHandle++;
        // External weights go to the GPU without passing through the heap (facts.md 0.1).
        const gpuBytes = onGpu ? weightBytes : 0;
        this.#meter.take(gpuBytes);
        this.#stages.set(handle, { session, inputs: stage.inputs, outputs: stage.outputs, gpuBytes });
        return handle;
      } finally {
        const buffered = lazy?.largestBuffer ?? 0;
        this.#meter.take(buffered);
        this.#meter.giveBack(buffered + beside);
      }
    });
  }

  run(handle: StageHandle, inputs: readonly StageInput[], options: RunOptions = {}): Promise<StageResult> {
    return this.#queue.run(async () => {
      try {
        return await this.#run(this.#stage(handle, 'run'), inputs, options);
      } finally {
        this.#kept.drop(lastOf(inputs));
      }
    });
  }

  drop(kept: readonly number[]): void {
    this.#queue.run(async () => this.#kept.drop(kept)).catch(() => undefined);
  }

  async #run(
    stage: LoadedStage,
    inputs: readonly StageInput[],
    { sends, keeps = [] }: RunOptions,
  ): Promise<StageResult> {
    const { ort } = this.#runtime('run');
    if (inputs.length !== stage.inputs.length) {
      const expected = `${stage.inputs.length} inputs`;
      throw failure('run', `The stage takes ${expected}, got ${inputs.length}.`, expected);
    }
    const fed = heldBytes(inputs.filter((input) => 'data' in input));
    this.#meter.take(fed);
    const { values, computeMs } = await naming('run', async () => {
      const feeds: Record<string, OrtTensor> = {};
      for (const [index, input] of inputs.entries()) {
        const name = stage.inputs[index]?.name ?? '';
        feeds[name] = 'data' in input ? toOrt(ort.Tensor, input) : await this.#kept.feed(ort.Tensor, input);
      }
      const startedAt = performance.now();
      // `run` returns when the outputs that stay on the CPU are there.
      const values = await stage.session.run(feeds);
      return { values, computeMs: performance.now() - startedAt };
    }).finally(() => this.#meter.giveBack(fed));
    const kept: KeptTensor[] = [];
    const taken = new Set<number>();
    const staying = new Set(keeps.map(({ output }) => output));
    try {
      const outputs: Tensor[] = [];
      for (const index of new Set(sends ?? stage.outputs.keys())) {
        const [name, value] = outputOf(stage, values, index);
        await value.getData();
        const output = fromOrt(name, value);
        // The caller may move its buffer away.
        outputs.push(staying.has(index) ? { ...output, data: output.data.slice() } : output);
      }
      for (const { output, rows } of keeps) {
        kept.push(...this.#kept.keep(...outputOf(stage, values, output), rows));
        taken.add(output);
      }
      const made = heldBytes(outputs);
      this.#meter.take(made);
      // From here on they are the caller's.
      this.#meter.giveBack(made);
      return { outputs, kept, computeMs };
    } catch (error) {
      this.#kept.drop(kept.map((each) => each.kept));
      throw error;
    } finally {
      // What is not kept goes, on the GPU too.
      for (const [index, { name }] of stage.outputs.entries()) {
        if (!taken.has(index)) (values[name] as OrtTensor | undefined)?.dispose();
      }
    }
  }

  release(handle: StageHandle): Promise<void> {
    return this.#queue.run(async () => {
      const { session, gpuBytes } = this.#stage(handle, 'release');
      this.#stages.delete(handle);
      this.#meter.giveBack(gpuBytes);
      await naming('release', () => session.release());
    });
  }

  async memory(): Promise<WorkerMemory> {
    return this.#meter.read();
  }

  close(): void {
    this.#queue.end(failure('close', 'The executor was closed.', 'an open executor'));
  }

  #lazily(weights: Blob, reader: BlobReader, toHeap: boolean): LazyWeights {
    const onAsked = (asked: number): void => {
      if (toHeap) this.#heap?.growTo(OWN_BYTES + Math.min(weights.size, asked + AHEAD_BYTES));
    };
    return new LazyWeights(weights, { reader, toHeap, onAsked });
  }

  #runtime(step: string): OpenedOrt {
    if (!this.#opened) throw failure(step, 'The runtime is not open yet.', 'open first');
    return this.#opened;
  }

  #stage(handle: StageHandle, step: string): LoadedStage {
    const stage = this.#stages.get(handle);
    if (!stage) throw failure(step, `No stage is loaded under the handle ${handle}.`, 'a loaded stage');
    return stage;
  }
}

function outputOf(
  { outputs }: LoadedStage,
  values: InferenceSession.OnnxValueMapType,
  index: number,
): [name: string, value: OrtTensor] {
  const name = outputs[index]?.name ?? '';
  const value = values[name];
  if (!value) throw failure('run', `The stage returned no "${name}".`, name);
  return [name, value as OrtTensor];
}

/** Bytes of the buffers behind some tensors. */
function heldBytes(tensors: readonly Tensor[]): number {
  return buffersOf(tensors).reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** Runs one step of the runtime's and gives whatever it throws our name and the step. */
async function naming<T>(step: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = messageOf(error);
    throw new RuntimeFailedError(
      `ONNX Runtime failed to ${step}: ${message}`,
      { step, actual: message },
      { cause: error },
    );
  }
}

function failure(step: string, message: string, expected: string): RuntimeFailedError {
  return new RuntimeFailedError(message, { step, expected, actual: message });
}
