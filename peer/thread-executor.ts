import type { Worker } from 'node:worker_threads';
import { type Remote, transfer, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { messageOf, RuntimeFailedError } from '../core/errors.ts';
import type { Provider } from '../core/provider.ts';
import { loadPolicy } from '../core/runtime/load-policy.ts';
import { PendingCalls } from '../core/runtime/pending-calls.ts';
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
} from '../core/runtime/stage-executor.ts';
import { buffersOf } from '../core/tensor/tensor.ts';
import { startThread } from './start-thread.ts';
import type { ThreadData, ThreadWorker } from './thread.ts';

export interface ThreadOptions {
  readonly runtimeUrl: string;
  /** What a stage may take in all. */
  readonly budgetBytes: number;
}

/** An executor in a thread of its own: a run of Node's runtime holds its thread from beginning to end. */
export class ThreadExecutor implements StageExecutor {
  readonly #budgetBytes: number;
  readonly #worker: Worker;
  readonly #remote: Remote<ThreadWorker>;
  readonly #pending: PendingCalls = new PendingCalls();
  #provider: Provider = 'cpu';

  constructor({ runtimeUrl, budgetBytes }: ThreadOptions) {
    this.#budgetBytes = budgetBytes;
    const data: ThreadData = { runtimeUrl };
    this.#worker = startThread('./thread.ts', 'stage', data);
    this.#worker.on('error', (error) => this.#end(broken(messageOf(error))));
    this.#worker.on('exit', (code) => this.#end(broken(`it ended with ${code}`)));
    this.#remote = wrap<ThreadWorker>(nodeEndpoint(this.#worker));
  }

  async open(options: ExecutorOptions): Promise<ExecutorOptions> {
    const inForce = await this.#call('open', () => this.#remote.open(options));
    this.#provider = inForce.provider;
    return inForce;
  }

  async load({ weights, ...rest }: StageModel, options?: LoadOptions): Promise<StageHandle> {
    const weightBytes = weights instanceof Blob ? weights.size : (weights?.byteLength ?? 0);
    const budgetBytes = this.#budgetBytes;
    const how = options ?? loadPolicy({ provider: this.#provider, weightBytes, budgetBytes });
    return this.#call('create', async () => {
      // Read here: Node ends the process when a thread reads a Blob whose parts are files (20.20).
      const bytes = weights instanceof Blob ? new Uint8Array(await weights.arrayBuffer()) : weights;
      const moved = bytes && whole(bytes);
      return this.#remote.load(transfer({ ...rest, weights: moved }, moved ? [moved.buffer] : []), how);
    });
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
    const data = { step: 'close', actual: 'closed while in use' };
    this.#end(new RuntimeFailedError('The thread was closed.', data));
  }

  #end(reason: RuntimeFailedError): void {
    void this.#worker.terminate();
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

function broken(actual: string): RuntimeFailedError {
  return new RuntimeFailedError(`The thread that computes broke: ${actual}`, { step: 'worker', actual });
}

/** A view moves with all of its buffer, so a part of a larger one is copied out first. */
function whole(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
