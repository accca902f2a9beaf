import { BROKEN, POURED, type ReadOrder } from './reader-thread.types.ts';

/** The reader thread of a stage worker, which waits meanwhile: pours Blobs into its heap and leaves no garbage. */

/** One buffer for all reads: it passes to the stream and comes back. */
let buffer = new ArrayBuffer(1024 ** 2);

async function pour(blob: Blob, target: Uint8Array): Promise<void> {
  const stream = blob.stream();
  let at = 0;
  const take = (bytes: Uint8Array): void => {
    target.set(bytes, at);
    at += bytes.byteLength;
  };
  const reader = ownBufferReader(stream);
  if (!reader) {
    for await (const bytes of stream) take(bytes);
  } else {
    for (;;) {
      const { value, done } = await reader.read(new Uint8Array(buffer));
      if (value) {
        take(value);
        buffer = value.buffer;
      }
      if (done) break;
    }
  }
  if (at !== target.byteLength) throw new RangeError(`got ${at} of ${target.byteLength} bytes`);
}

/** Safari's streams of Blobs allocate each chunk themselves. */
function ownBufferReader(stream: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStreamBYOBReader | null {
  try {
    return stream.getReader({ mode: 'byob' });
  } catch {
    return null;
  }
}

self.addEventListener('message', async ({ data }: MessageEvent<ReadOrder>) => {
  const outcome = new Int32Array(data.outcome);
  const settled = await pour(data.blob, new Uint8Array(data.heap, data.offset, data.blob.size)).then(
    () => POURED,
    () => BROKEN,
  );
  Atomics.store(outcome, 0, settled);
  Atomics.notify(outcome, 0);
});

// The stage worker cannot hear this once it waits for the first Blob.
self.postMessage('ready');
