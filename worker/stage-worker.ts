import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-common';
import { messageOf, RuntimeFailedError } from '../core/errors.ts';
import type { BoundaryTensor } from '../core/graph/shard.types.ts';
import { PACK_LOCATION } from '../core/graph/shard.types.ts';
import type { Provider } from '../core/provider.ts';
import { CallQueue } from '../core/runtime/call-queue.ts';
import type {
  ExecutorOptions,
  StageExecutor,
  StageHandle,
  StageModel,
  StageResult,
  WorkerMemory,
} from '../core/runtime/stage-executor.ts';
import type { Tensor } from '../core/tensor/tensor.ts';
import { fromOrt, toOrt } from './feeds.ts';
import type { OpenedOrt, OrtOpener } from './ort.ts';

interface LoadedStage {
  readonly session: InferenceSession;
  readonly inputs: readonly BoundaryTensor[];
  readonly outputs: readonly BoundaryTensor[];
  readonly weightBytes: number;
}

/**
 * Runs stages on ONNX Runtime, one call at a time. Runs in a worker thread: `run` occupies its thread.
 * `close` only refuses further work; memory returns when the thread ends.
 */
export class StageWorker<Options extends ExecutorOptions = ExecutorOptions> implements StageExecutor {
  readonly #openOrt: OrtOpener<Options>;
  readonly #heapBytes: () => number;
  readonly #queue: CallQueue = new CallQueue();
  readonly #stages: Map<StageHandle, LoadedStage> = new Map();
  #opened: OpenedOrt | undefined;
  #nextHandle: StageHandle = 1;

  constructor(openOrt: OrtOpener<Options>, heapBytes: () => number = () => 0) {
    this.#openOrt = openOrt;
    this.#heapBytes = heapBytes;
  }

  open(options: Options): Promise<ExecutorOptions> {
    return this.#queue.run(async () => {
      if (this.#opened) throw failure('open', 'The runtime is already open.', 'one call of open');
      this.#opened = await naming('open', () => this.#openOrt(options));
      return this.#opened.options;
    });
  }

  load(stage: StageModel): Promise<StageHandle> {
    return this.#queue.run(async () => {
      const { ort, options } = this.#runtime('create');
      const session = await naming('create', () =>
        ort.InferenceSession.create(stage.model, sessionOptions(options.provider, stage.weights)),
      );
      const handle = this.#nextHandle++;
      const weightBytes =
        stage.weights instanceof Blob ? stage.weights.size : (stage.weights?.byteLength ?? 0);
      this.#stages.set(handle, { session, inputs: stage.inputs, outputs: stage.outputs, weightBytes });
      return handle;
    });
  }

  run(handle: StageHandle, inputs: readonly Tensor[]): Promise<StageResult> {
    return this.#queue.run(async () => {
      const { ort } = this.#runtime('run');
      const stage = this.#stage(handle, 'run');
      if (inputs.length !== stage.inputs.length) {
        const expected = `${stage.inputs.length} inputs`;
        throw failure('run', `The stage takes ${expected}, got ${inputs.length}.`, expected);
      }
      const feeds: Record<string, OrtTensor> = {};
      const results = await naming('run', async () => {
        for (const [index, input] of inputs.entries()) {
          feeds[stage.inputs[index]?.name ?? ''] = toOrt(ort.Tensor, input);
        }
        const startedAt = performance.now();
        // Outputs stay at the default location, the CPU: `run` returns when they are downloaded.
        const values = await stage.session.run(feeds);
        return { values, computeMs: performance.now() - startedAt };
      });
      const outputs = stage.outputs.map(({ name }) => {
        const value = results.values[name];
        if (!value) throw failure('run', `The stage returned no "${name}".`, name);
        return fromOrt(name, value as OrtTensor);
      });
      return { outputs, computeMs: results.computeMs };
    });
  }

  release(handle: StageHandle): Promise<void> {
    return this.#queue.run(async () => {
      const { session } = this.#stage(handle, 'release');
      this.#stages.delete(handle);
      await naming('release', () => session.release());
    });
  }

  async memory(): Promise<WorkerMemory> {
    const bytes = await this.memoryBytes();
    return { heapBytes: this.#heapBytes(), bufferBytes: bytes - this.#heapBytes(), peakBytes: bytes };
  }

  async memoryBytes(): Promise<number> {
    const onGpu = this.#opened?.options.provider === 'webgpu';
    // External weights go to the GPU without passing through the heap (facts.md 0.1), so they are added.
    const weights = onGpu ? [...this.#stages.values()].reduce((sum, stage) => sum + stage.weightBytes, 0) : 0;
    return this.#heapBytes() + weights;
  }

  close(): void {
    this.#queue.end(failure('close', 'The executor was closed.', 'an open executor'));
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

function sessionOptions(provider: Provider, weights: StageModel['weights']): InferenceSession.SessionOptions {
  return {
    // As an object, because some provider options are read only then (facts.md A3).
    executionProviders: [{ name: provider }],
    // All else is the runtime's default: neither the memory arena nor memory patterns changed the time of four
    // vision models beyond noise.
    ...(weights && { externalData: [{ path: PACK_LOCATION, data: weights }] }),
  };
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
