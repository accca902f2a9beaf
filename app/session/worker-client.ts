import { type Remote, transfer, wrap } from 'comlink';
import { messageOf, RuntimeFailedError } from '../../core/errors.ts';
import type { Provider } from '../../core/provider.ts';
import { workerBytes } from '../../core/runtime/footprint.ts';
import { loadPolicy } from '../../core/runtime/load-policy.ts';
import { PendingCalls } from '../../core/runtime/pending-calls.ts';
import type {
  ExecutorOptions,
  LoadOptions,
  RunOptions,
  StageExecutor,
  StageHandle,
  StageInput,
  StageModel,
  StageResult,
  WorkerMemory,
} from '../../core/runtime/stage-executor.ts';
import { buffersOf } from '../../core/tensor/tensor.ts';
import type { BrowserWorker } from '../../worker/browser.ts';
import type { OrtBundle } from '../../worker/ort.ts';
import type { MemoryMarks } from './memory-marks.ts';

export interface WorkerOptions {
  /** Variant of the runtime. */
  readonly bundle: OrtBundle;
  /** What the whole worker may take. */
  readonly budgetBytes: number;
  readonly marks: MemoryMarks;
}

/** The runtime as the page's first worker compiled it, for all later ones. */
const compiled = new Map<OrtBundle, WebAssembly.Module>();

/** An executor in a web worker of its own. */
export function browserExecutor(options: WorkerOptions): StageExecutor {
  return new WorkerClient(options);
}

class WorkerClient implements StageExecutor {
  readonly #options: WorkerOptions;
  #provider: Provider = 'wasm';
  readonly #worker: Worker;
  readonly #remote: Remote<BrowserWorker>;
  readonly #pending: PendingCalls = new PendingCalls();

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#worker = new Worker(new URL('../../worker/browser.ts', import.meta.url), {
      type: 'module',
      name: 'stage',
    });
    this.#worker.addEventListener('error', (event) => this.#crash(event.message));
    this.#worker.addEventListener('messageerror', () => this.#crash('A message could not be read.'));
    this.#remote = wrap<BrowserWorker>(this.#worker);
  }

  async open(options: ExecutorOptions): Promise<ExecutorOptions> {
    const { bundle } = this.#options;
    const known = { ...options, bundle, compiled: compiled.get(bundle) };
    const inForce = await this.#call('open', () => this.#remote.open(known));
    this.#provider = inForce.provider;
    return inForce;
  }

  load({ model, weights, ...rest }: StageModel, options?: LoadOptions): Promise<StageHandle> {
    // Weights in a buffer move to the worker, so that they are never held twice; a Blob is only referred to.
    const moved = weights instanceof Uint8Array ? whole(weights) : weights;
    const stage: StageModel = { ...rest, model: whole(model), weights: moved };
    const list = moved instanceof Uint8Array ? [moved.buffer] : [];
    const { budgetBytes, marks } = this.#options;
    const weightBytes = moved instanceof Blob ? moved.size : (moved?.byteLength ?? 0);
    const how = options ?? loadPolicy({ provider: this.#provider, weightBytes, budgetBytes });
    const settle = marks.begin(workerBytes(weightBytes));
    const loading = this.#call('create', () => this.#remote.load(transfer(stage, list), how));
    loading.then(
      () => {
        settle('ready');
        void this.#keepCompiled();
      },
      () => settle('failed'),
    );
    return loading;
  }

  /** Never rejects: a browser that does not hand it over compiles it for each worker. */
  async #keepCompiled(): Promise<void> {
    const { bundle } = this.#options;
    if (compiled.has(bundle)) return;
    const module = await this.#call('keep the runtime', () => this.#remote.compiled()).catch(() => undefined);
    if (module) compiled.set(bundle, module);
  }

  run(stage: StageHandle, inputs: readonly StageInput[], options?: RunOptions): Promise<StageResult> {
    const moved = buffersOf(inputs.filter((input) => 'data' in input));
    return this.#call('run', () => this.#remote.run(stage, transfer(inputs, moved), options));
  }

  drop(kept: readonly number[]): void {
    this.#call('drop', () => this.#remote.drop(kept)).catch(() => undefined);
  }

  release(stage: StageHandle): Promise<void> {
    return this.#call('release', () => this.#remote.release(stage));
  }

  memory(): Promise<WorkerMemory> {
    return this.#call('memory', () => this.#remote.memory());
  }

  close(): void {
    this.#end(
      new RuntimeFailedError('The worker was closed.', { step: 'close', actual: 'closed while in use' }),
    );
  }

  #crash(what: string | undefined): void {
    const actual = what || 'no reason given';
    this.#end(new RuntimeFailedError(`The worker broke: ${actual}`, { step: 'worker', actual }));
  }

  #end(reason: RuntimeFailedError): void {
    this.#worker.terminate();
    this.#pending.end(reason);
  }

  /** Only name, message and stack of an error come through Comlink: the rest is put back here. */
  #call<T>(step: string, call: () => Promise<T>): Promise<T> {
    return this.#pending.track(call).catch((error: unknown) => {
      if (error instanceof RuntimeFailedError) throw error;
      const message = messageOf(error);
      throw new RuntimeFailedError(message, { step, actual: message }, { cause: error });
    });
  }
}

/** A view clones and moves with all of its buffer, so a part of a larger one is copied out first. */
function whole(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
