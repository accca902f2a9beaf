import { RuntimeFailedError } from '../core/errors.ts';

/** Reads a Blob while the caller waits, which only workers may do. */
export type ReadBlob = (blob: Blob) => ArrayBuffer;

/** Read at a time on the way to the heap, the one buffer beside it: 16 MB was no faster, 1 MB slower by half. */
const CHUNK_BYTES = 4 * 1024 ** 2;

type Copy = (target: Uint8Array, offset: number) => void;

/** A stretch of a pack that the runtime wants to have in its heap. Holds no bytes itself. */
class WeightRange extends Uint8Array<ArrayBuffer> {
  readonly copyTo: Copy;

  constructor(copyTo: Copy) {
    super(new ArrayBuffer(0));
    this.copyTo = copyTo;
  }
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
  readonly #read: ReadBlob;
  readonly #toHeap: boolean;
  #owedBytes = 0;
  #largestBuffer = 0;

  /** @param toHeap false for weights that go to a GPU: each is read in one piece. */
  constructor(blob: Blob, read: ReadBlob, toHeap: boolean) {
    super(new ArrayBuffer(0));
    this.#blob = blob;
    this.#read = read;
    this.#toHeap = toHeap;
    Object.defineProperty(this, 'byteLength', { value: blob.size });
  }

  /** The most bytes that were in a buffer at once. */
  get largestBuffer(): number {
    return this.#largestBuffer;
  }

  override subarray(start = 0, end: number = this.#blob.size): Uint8Array<ArrayBuffer> {
    if (!this.#toHeap) return new Uint8Array(this.#fetch(start, end));
    this.#owedBytes += end - start;
    return new WeightRange((target, offset) => {
      for (let at = start; at < end; at += CHUNK_BYTES) {
        const chunk = this.#fetch(at, Math.min(end, at + CHUNK_BYTES));
        target.set(new Uint8Array(chunk), offset + at - start);
        this.#owedBytes -= chunk.byteLength;
        free(chunk);
      }
    });
  }

  /** @throws RuntimeFailedError when the runtime took weights in another way, and so without their bytes. */
  checkCopied(): void {
    if (this.#owedBytes === 0) return;
    const actual = `${this.#owedBytes} bytes not copied`;
    const data = { step: 'create', expected: 'all weights in the heap', actual };
    throw new RuntimeFailedError(`The runtime did not take its weights: ${actual}.`, data);
  }

  #fetch(start: number, end: number): ArrayBuffer {
    this.#largestBuffer = Math.max(this.#largestBuffer, end - start);
    return this.#read(this.#blob.slice(start, end));
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

/** The collector would let chunks pile up to a hundred MB; a buffer that is transferred away is freed at once. */
function free(chunk: ArrayBuffer): void {
  (chunk as { transfer?: (bytes: number) => ArrayBuffer }).transfer?.(0);
}
