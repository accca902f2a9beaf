import type { ExecutorFactory, StageExecutor } from './stage-executor.ts';

/** Remembers the most memory that any worker of this page has taken, those that have ended included. */
export class MemoryWatch {
  #peakBytes = 0;

  get peakBytes(): number {
    return this.#peakBytes;
  }

  note(peakBytes: number): void {
    this.#peakBytes = Math.max(this.#peakBytes, peakBytes);
  }

  /** Makes executors whose peak is noted after each load, when it is highest: a worker that has ended tells nothing. */
  watching(executors: ExecutorFactory): ExecutorFactory {
    return () => this.#watch(executors());
  }

  #watch(executor: StageExecutor): StageExecutor {
    return {
      open: (options) => executor.open(options),
      load: async (stage, options) => {
        const handle = await executor.load(stage, options);
        const { peakBytes } = await executor.memory();
        this.note(peakBytes);
        return handle;
      },
      run: (stage, inputs, wanted) => executor.run(stage, inputs, wanted),
      drop: (kept) => executor.drop(kept),
      release: (stage) => executor.release(stage),
      memory: () => executor.memory(),
      close: () => executor.close(),
    };
  }
}
