import { RuntimeFailedError } from '../core/errors.ts';
import type { BlobReader } from './blob-reader.ts';
import { POURED, type ReadOrder, UNDER_WAY } from './reader-thread.types.ts';

/** A single weight of some hundred MB from a slow phone's storage takes some seconds. */
const PATIENCE_MS = 60_000;
const START_LIMIT_MS = 5000;

/**
 * Lets another thread pour Blobs straight into the runtime's heap while this one waits: FileReaderSync would leave
 * a garbage buffer for each chunk, and a thread that waits for the runtime collects none. Needs an isolated page.
 */
export class ThreadedReader implements BlobReader {
  /** The thread's one buffer. */
  readonly bufferBytes: number = 1024 ** 2;
  readonly read: (blob: Blob) => ArrayBuffer;
  readonly #thread: Worker;

  private constructor(thread: Worker, read: (blob: Blob) => ArrayBuffer) {
    this.#thread = thread;
    this.read = read;
  }

  /** Starts the thread; null where this page or browser has no such threads. `read` is for whole Blobs. */
  static async start(read: (blob: Blob) => ArrayBuffer): Promise<ThreadedReader | null> {
    if (!self.crossOriginIsolated || typeof Worker === 'undefined') return null;
    const thread = new Worker(new URL('./reader-thread.ts', import.meta.url), {
      type: 'module',
      name: 'weights',
    });
    const ready = await new Promise<boolean>((resolve) => {
      thread.onmessage = () => resolve(true);
      thread.onerror = () => resolve(false);
      setTimeout(resolve, START_LIMIT_MS, false);
    });
    if (ready) return new ThreadedReader(thread, read);
    thread.terminate();
    return null;
  }

  /** @throws RuntimeFailedError when the Blob could not be read. */
  copy(blob: Blob, target: Uint8Array, offset: number): void {
    const outcome = new SharedArrayBuffer(4);
    const order: ReadOrder = {
      blob,
      // The runtime's heap is shared memory in all its variants (facts.md A1).
      heap: target.buffer as SharedArrayBuffer,
      offset: target.byteOffset + offset,
      outcome,
    };
    this.#thread.postMessage(order);
    const state = new Int32Array(outcome);
    Atomics.wait(state, 0, UNDER_WAY, PATIENCE_MS);
    if (Atomics.load(state, 0) === POURED) return;
    const actual =
      Atomics.load(state, 0) === UNDER_WAY ? `nothing within ${PATIENCE_MS / 1000} s` : 'an error';
    const data = { step: 'create', expected: `${blob.size} bytes of weights`, actual };
    throw new RuntimeFailedError(`The weights could not be read from storage: ${actual}.`, data);
  }

  close(): void {
    this.#thread.terminate();
  }
}
