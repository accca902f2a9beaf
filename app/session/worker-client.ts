import { type Remote, transfer, wrap } from 'comlink';
import { messageOf, RuntimeFailedError } from '../../core/errors.ts';
import { PendingCalls } from '../../core/runtime/pending-calls.ts';
import type {
  ExecutorOptions,
  StageExecutor,
  StageHandle,
  StageModel,
  StageResult,
  WorkerMemory,
} from '../../core/runtime/stage-executor.ts';
import { buffersOf, type Tensor } from '../../core/tensor/tensor.ts';
import type { BrowserOptions, OrtBundle } from '../../worker/ort.ts';
import type { StageWorker } from '../../worker/stage-worker.ts';

/** An executor in a web worker of its own, with the given variant of the runtime. */
export function browserExecutor(bundle: OrtBundle): StageExecutor {
  return new WorkerClient(bundle);
}

class WorkerClient implements StageExecutor {
  readonly #bundle: OrtBundle;
  readonly #worker: Worker;
  readonly #remote: Remote<StageWorker<BrowserOptions>>;
  readonly #pending: PendingCalls = new PendingCalls();

  constructor(bundle: OrtBundle) {
    this.#bundle = bundle;
    this.#worker = new Worker(new URL('../../worker/browser.ts', import.meta.url), {
      type: 'module',
      name: 'stage',
    });
    this.#worker.addEventListener('error', (event) => this.#crash(event.message));
    this.#worker.addEventListener('messageerror', () => this.#crash('A message could not be read.'));
    this.#remote = wrap<StageWorker<BrowserOptions>>(this.#worker);
  }

  open(options: ExecutorOptions): Promise<ExecutorOptions> {
    return this.#call('open', () => this.#remote.open({ ...options, bundle: this.#bundle }));
  }

  load({ model, weights, inputs, outputs }: StageModel): Promise<StageHandle> {
    // Weights in a buffer move to the worker, so that they are never held twice; a Blob is only referred to.
    const moved = weights instanceof Uint8Array ? whole(weights) : weights;
    const stage: StageModel = { model: whole(model), weights: moved, inputs, outputs };
    const list = moved instanceof Uint8Array ? [moved.buffer] : [];
    return this.#call('create', () => this.#remote.load(transfer(stage, list)));
  }

  run(stage: StageHandle, inputs: readonly Tensor[]): Promise<StageResult> {
    return this.#call('run', () => this.#remote.run(stage, transfer(inputs, buffersOf(inputs))));
  }

  release(stage: StageHandle): Promise<void> {
    return this.#call('release', () => this.#remote.release(stage));
  }

  memory(): Promise<WorkerMemory> {
    return this.#call('memory', () => this.#remote.memory());
  }

  memoryBytes(): Promise<number> {
    return this.#call('memory', () => this.#remote.memoryBytes());
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
