import { type Remote, transfer, wrap } from 'comlink';
import { messageOf, RuntimeFailedError } from '../core/errors.ts';
import { isOnGpu, type Provider } from '../core/provider.ts';
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
import type { ThreadWorker } from './thread.ts';
import { processHost, threadHost, type WorkerHost } from './worker-host.ts';

export interface ThreadOptions {
  readonly runtimeUrl: string;
  /** What a stage may take in all. */
  readonly budgetBytes: number;
  /** What a stage worker for it runs in; a thread, or on a graphics card a process, unless tests have it otherwise. */
  readonly hostFor?: (provider: Provider) => typeof threadHost;
}

/**
 * An executor in a thread of its own, because a run of Node's runtime holds its thread from beginning to end; on a
 * graphics card in a process of its own (see `processHost`).
 */
export class ThreadExecutor implements StageExecutor {
  readonly #options: ThreadOptions;
  #host: WorkerHost | undefined;
  #remote: Remote<ThreadWorker> | undefined;
  readonly #pending: PendingCalls = new PendingCalls();
  #provider: Provider = 'cpu';
  #loads = 0;

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  async open(options: ExecutorOptions): Promise<ExecutorOptions> {
    const inForce = await this.#call('open', () => {
      if (!this.#host) {
        const { hostFor = usualHost, runtimeUrl } = this.#options;
        this.#host = hostFor(options.provider)({ runtimeUrl }, (why) => this.#end(broken(why)));
        this.#remote = wrap<ThreadWorker>(this.#host.endpoint);
      }
      return this.#opened('open').open(options);
    });
    this.#provider = inForce.provider;
    return inForce;
  }

  async load({ weights, ...rest }: StageModel, options?: LoadOptions): Promise<StageHandle> {
    const weightBytes = weights instanceof Blob ? weights.size : (weights?.byteLength ?? 0);
    const { budgetBytes } = this.#options;
    const how = options ?? loadPolicy({ provider: this.#provider, weightBytes, budgetBytes });
    return this.#call('create', async () => {
      const remote = this.#opened('create');
      if (weights && weightBytes > (this.#host?.mostBytes ?? 0))
        return this.#inParts(remote, weights, rest, how);
      // Read here: Node ends the process when a thread reads a Blob whose parts are files (20.20).
      const bytes = weights instanceof Blob ? new Uint8Array(await weights.arrayBuffer()) : weights;
      const moved = bytes && whole(bytes);
      return remote.load(transfer({ ...rest, weights: moved }, moved ? [moved.buffer] : []), how);
    });
  }

  run(stage: StageHandle, inputs: readonly StageInput[], options?: RunOptions): Promise<StageResult> {
    const moved = buffersOf(inputs.filter((input) => 'data' in input));
    return this.#call('run', async () => this.#opened('run').run(stage, transfer(inputs, moved), options));
  }

  drop(kept: readonly number[]): void {
    this.#call('drop', async () => this.#opened('drop').drop(kept)).catch(() => undefined);
  }

  release(stage: StageHandle): Promise<void> {
    return this.#call('release', async () => this.#opened('release').release(stage));
  }

  memory(): Promise<WorkerMemory> {
    return this.#call('memory', async () => this.#opened('memory').memory());
  }

  close(): void {
    const data = { step: 'close', actual: 'closed while in use' };
    this.#end(new RuntimeFailedError('The thread was closed.', data));
  }

  async #inParts(
    remote: Remote<ThreadWorker>,
    weights: NonNullable<StageModel['weights']>,
    rest: Omit<StageModel, 'weights'>,
    how: LoadOptions,
  ): Promise<StageHandle> {
    const blob = weights instanceof Blob ? weights : new Blob([weights]);
    const mostBytes = this.#host?.mostBytes ?? 0;
    const number = this.#loads++;
    for (let offset = 0; offset < blob.size; offset += mostBytes) {
      const part = new Uint8Array(await blob.slice(offset, offset + mostBytes).arrayBuffer());
      await remote.put(number, blob.size, offset, part);
    }
    return remote.loadParts(number, { ...rest, weights: null }, how);
  }

  #opened(step: string): Remote<ThreadWorker> {
    if (this.#remote) return this.#remote;
    const data = { step, expected: 'open first', actual: 'not open' };
    throw new RuntimeFailedError('The runtime is not open.', data);
  }

  #end(reason: RuntimeFailedError): void {
    this.#host?.end();
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

function usualHost(provider: Provider): typeof threadHost {
  return isOnGpu(provider) ? processHost : threadHost;
}

function broken(actual: string): RuntimeFailedError {
  return new RuntimeFailedError(`What computes broke: ${actual}`, { step: 'worker', actual });
}

/** A view moves with all of its buffer, so a part of a larger one is copied out first. */
function whole(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
