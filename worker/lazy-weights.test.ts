import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SyncReader } from './blob-reader.ts';
import { BytesBlob, readBytesBlob } from './bytes-blob.ts';
import { acceptLazyWeights, LazyWeights } from './lazy-weights.ts';

const MB = 1024 ** 2;
const packBytes = Uint8Array.from({ length: 9 * MB + 5 }, (_, i) => (i * 31) >> 3);

const read: number[] = [];
function readBlob(blob: Blob): ArrayBuffer {
  read.push(blob.size);
  return readBytesBlob(blob);
}

beforeEach(() => {
  read.length = 0;
  acceptLazyWeights();
});
afterEach(() => {
  // The patch shadows TypedArray's own method.
  Reflect.deleteProperty(Uint8Array.prototype, 'set');
});

function lazy(toHeap: boolean, onAsked: (bytes: number) => void = () => undefined): LazyWeights {
  return new LazyWeights(new BytesBlob(packBytes), { reader: new SyncReader(readBlob), toHeap, onAsked });
}

describe('LazyWeights', () => {
  test('reads nothing until a range is set into the heap, and then in chunks of 4 MB', () => {
    const asked: number[] = [];
    const weights = lazy(true, (bytes) => asked.push(bytes));
    expect(weights.byteLength).toBe(packBytes.byteLength);
    const range = weights.subarray(3, 9 * MB + 1);
    expect(read).toEqual([]);
    expect(asked).toEqual([9 * MB - 2]);
    const heap = new Uint8Array(10 * MB);
    heap.set(range, 7);
    expect(read).toEqual([4 * MB, 4 * MB, MB - 2]);
    expect(Buffer.compare(heap.subarray(7, 7 + 9 * MB - 2), packBytes.subarray(3, 9 * MB + 1))).toBe(0);
    expect(weights.largestBuffer).toBe(4 * MB);
    weights.checkCopied();
  });

  test('notices when a range was taken without its bytes', () => {
    const weights = lazy(true);
    const taken = new Uint8Array(weights.subarray(0, 100));
    expect(taken).toHaveLength(0);
    expect(() => weights.checkCopied()).toThrow(expect.objectContaining({ name: 'RuntimeFailedError' }));
  });

  test('hands bytes out at once where they go to a GPU', () => {
    const weights = lazy(false);
    expect([...weights.subarray(10, 14)]).toEqual([...packBytes.subarray(10, 14)]);
    weights.checkCopied();
  });

  test('leaves the setting of other bytes as it was', () => {
    const target = new Uint8Array(4);
    target.set([1, 2], 1);
    target.set(Uint8Array.of(9), 3);
    expect([...target]).toEqual([0, 1, 2, 9]);
    expect(() => target.set([1, 2], 3)).toThrow(RangeError);
  });
});
