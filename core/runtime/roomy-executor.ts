import { workerBytes } from './footprint.ts';
import type { ExecutorFactory, ExecutorOptions, StageExecutor } from './stage-executor.ts';

/**
 * One executor at a time for many stages in turn. The runtime's heap never shrinks and its holes do not always
 * fit, so before the heap would outgrow the budget a fresh executor takes over.
 */
export class RoomyExecutor {
  readonly #executors: ExecutorFactory;
  readonly #runtime: ExecutorOptions;
  readonly #budget: number;
  #current: StageExecutor | undefined;
  #closed = false;

  /** @param memoryBytes of weights and workspace at a time. */
  constructor(executors: ExecutorFactory, runtime: ExecutorOptions, memoryBytes: number) {
    this.#executors = executors;
    this.#runtime = runtime;
    this.#budget = workerBytes(memoryBytes);
  }

  /** An open executor with room for `bytes` more. Earlier ones are closed when it is another: release before. */
  async withRoomFor(bytes: number): Promise<StageExecutor> {
    const held = this.#current;
    if (held) {
      const { heapBytes } = await held.memory();
      // A heap of the runtime alone leaves as much room as a fresh one.
      if (heapBytes + bytes <= this.#budget || heapBytes + bytes <= workerBytes(bytes)) return held;
      held.close();
    }
    const fresh = this.#executors();
    this.#current = fresh;
    if (this.#closed) fresh.close();
    await fresh.open(this.#runtime);
    return fresh;
  }

  /** Ends the executor; what is under way rejects. */
  close(): void {
    this.#closed = true;
    this.#current?.close();
  }
}
