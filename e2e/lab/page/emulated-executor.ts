import { RuntimeFailedError } from '../../../core/errors.ts';
import { CallQueue } from '../../../core/runtime/call-queue.ts';
import type {
  ExecutorFactory,
  ExecutorOptions,
  LoadOptions,
  RunOptions,
  StageExecutor,
  StageHandle,
  StageInput,
  StageModel,
  StageResult,
  WorkerMemory,
} from '../../../core/runtime/stage-executor.ts';
import { corrupted } from './corrupted.ts';
import type { Emulation } from './emulation.ts';

export interface EmulatedOptions {
  readonly inner: ExecutorFactory;
  readonly emulation: Emulation;
  /** In [0, 1). */
  readonly random: () => number;
  readonly nodesOf: (model: Uint8Array<ArrayBuffer>) => number;
}

/** Executors that compute for real, and then wait until a slower device would be done. */
export function emulatedExecutors(options: EmulatedOptions): ExecutorFactory {
  return () => new EmulatedExecutor(options);
}

class EmulatedExecutor implements StageExecutor {
  readonly #options: EmulatedOptions;
  readonly #inner: StageExecutor;
  /** As in the inner one: a run that still waits keeps the next from beginning. */
  readonly #queue: CallQueue = new CallQueue();
  readonly #nodes: Map<StageHandle, number> = new Map();

  constructor(options: EmulatedOptions) {
    this.#options = options;
    this.#inner = options.inner();
  }

  open(options: ExecutorOptions): Promise<ExecutorOptions> {
    return this.#inner.open(options);
  }

  async load(stage: StageModel, options?: LoadOptions): Promise<StageHandle> {
    // The worker takes the model away, so it is read before; and only where it is needed.
    const nodes = this.#options.emulation.nodeMs > 0 ? this.#options.nodesOf(stage.model) : 0;
    const handle = await this.#inner.load(stage, options);
    this.#nodes.set(handle, nodes);
    return handle;
  }

  run(stage: StageHandle, inputs: readonly StageInput[], options?: RunOptions): Promise<StageResult> {
    return this.#queue.run(async () => {
      const startedAt = performance.now();
      const { emulation, random } = this.#options;
      const given = await this.#inner.run(stage, inputs, options);
      const { computeMs } = given;
      const result = { ...given, outputs: corrupted(given.outputs, emulation.corrupt) };
      const wanted = emulatedMs(emulation, { computeMs, nodes: this.#nodes.get(stage) ?? 0 }, random());
      if (wanted <= computeMs) return result;
      // The way to the worker and back is no computing, so it does not count.
      const way = performance.now() - startedAt - computeMs;
      await passed(startedAt + way + wanted);
      return { ...result, computeMs: performance.now() - startedAt - way };
    });
  }

  drop(kept: readonly number[]): void {
    this.#queue.run(async () => this.#inner.drop(kept)).catch(() => undefined);
  }

  release(stage: StageHandle): Promise<void> {
    this.#nodes.delete(stage);
    return this.#inner.release(stage);
  }

  memory(): Promise<WorkerMemory> {
    return this.#inner.memory();
  }

  close(): void {
    this.#inner.close();
    const data = { step: 'close', actual: 'closed while in use' };
    this.#queue.end(new RuntimeFailedError('The worker was closed.', data));
  }
}

/** What a run takes on the slower device, by what it really took; `drawn` in [0, 1) settles the jitter. */
export function emulatedMs(
  { nodeMs, factor, jitter }: Emulation,
  run: { readonly computeMs: number; readonly nodes: number },
  drawn: number,
): number {
  return Math.max(run.computeMs, nodeMs * run.nodes) * factor * (1 + jitter * (2 * drawn - 1));
}

/** Timers tick in whole milliseconds; the rest is waited for on the spot. */
async function passed(moment: number): Promise<void> {
  const whole = Math.floor(moment - performance.now());
  if (whole > 0) await new Promise((resolve) => setTimeout(resolve, whole));
  while (performance.now() < moment);
}
