import { RuntimeFailedError } from '../core/errors.ts';
import type { BlobReader } from './blob-reader.ts';

type Copy = (target: Uint8Array, offset: number) => void;

/** A stretch of a pack that the runtime wants to have in its heap. Holds no bytes itself. */
class WeightRange extends Uint8Array<ArrayBuffer> {
  readonly copyTo: Copy;

  constructor(copyTo: Copy) {
    super(new ArrayBuffer(0));
    this.copyTo = copyTo;
  }
}

export interface LazyOptions {
  readonly reader: BlobReader;
  /** False for weights that go to a GPU: each is read in one piece. */
  readonly toHeap: boolean;
  /** Hears how many bytes the runtime has asked for in all, before they are read. */
  readonly onAsked: (bytes: number) => void;
}

/**
 * A pack whose bytes stay on disk until the runtime takes them, weight by weight.
 *
 * The runtime takes external data as bytes (its JSPI variant alone also as a Blob, of which it buffers one weight
 * at a time): it asks for `byteLength` and `subarray` and hands the result to `HEAPU8.set`, or uploads it to the
 * GPU. A pack given as a buffer would be in memory twice while it loads. So this looks like a Uint8Array, and
 * {@link acceptLazyWeights} teaches `set` to fetch what a subarray stands for. Of no use for anything else.
 */
export class LazyWeights extends Uint8Array<ArrayBuffer> {
  readonly #blob: Blob;
  readonly #options: LazyOptions;
  #askedBytes = 0;
  #owedBytes = 0;
  #largestBuffer = 0;

  constructor(blob: Blob, options: LazyOptions) {
    super(new ArrayBuffer(0));
    this.#blob = blob;
    this.#options = options;
    Object.defineProperty(this, 'byteLength', { value: blob.size });
  }

  /** The most bytes that were in a buffer at once. */
  get largestBuffer(): number {
    return this.#largestBuffer;
  }

  override subarray(start = 0, end: number = this.#blob.size): Uint8Array<ArrayBuffer> {
    const { reader, toHeap, onAsked } = this.#options;
    const bytes = end - start;
    const part = this.#blob.slice(start, end);
    this.#askedBytes += bytes;
    onAsked(this.#askedBytes);
    this.#largestBuffer = Math.max(this.#largestBuffer, toHeap ? Math.min(bytes, reader.bufferBytes) : bytes);
    if (!toHeap) return new Uint8Array(reader.read(part));
    this.#owedBytes += bytes;
    return new WeightRange((target, offset) => {
      reader.copy(part, target, offset);
      this.#owedBytes -= bytes;
    });
  }

  /** @throws RuntimeFailedError when the runtime took weights in another way, and so without their bytes. */
  checkCopied(): void {
    if (this.#owedBytes === 0) return;
    const actual = `${this.#owedBytes} bytes not copied`;
    const data = { step: 'create', expected: 'all weights in the heap', actual };
    throw new RuntimeFailedError(`The runtime did not take its weights: ${actual}.`, data);
  }
}

/** From now on `Uint8Array.prototype.set` understands subarrays of {@link LazyWeights}. */
export function acceptLazyWeights(): void {
  const { set } = Uint8Array.prototype;
  Uint8Array.prototype.set = function (this: Uint8Array, source: ArrayLike<number>, offset = 0): void {
    if (source instanceof WeightRange) source.copyTo(this, offset);
    else set.call(this, source, offset);
  };
}
