import type { WorkerMemory } from '../core/runtime/stage-executor.ts';

/** Counts the bytes that a worker holds beside the runtime's heap, and the most of both together. */
export class MemoryMeter {
  readonly #heapBytes: () => number;
  #held = 0;
  #peak = 0;

  constructor(heapBytes: () => number) {
    this.#heapBytes = heapBytes;
  }

  /** These bytes are held from now on. */
  take(bytes: number): void {
    this.#held += bytes;
    this.#note();
  }

  /** These bytes are given back. The heap has only grown since they were taken, so now both together are at their most. */
  giveBack(bytes: number): void {
    this.#note();
    this.#held -= bytes;
  }

  read(): WorkerMemory {
    this.#note();
    return { heapBytes: this.#heapBytes(), bufferBytes: this.#held, peakBytes: this.#peak };
  }

  #note(): void {
    this.#peak = Math.max(this.#peak, this.#heapBytes() + this.#held);
  }
}
