/** Reads Blobs while the caller waits, which ONNX Runtime demands and only workers may do. */
export interface BlobReader {
  /** The most bytes that {@link copy} has in buffers at once. */
  readonly bufferBytes: number;
  /** The whole Blob in a buffer of its own. */
  read(blob: Blob): ArrayBuffer;
  /** Copies a Blob to `offset` of `target`, through small buffers. */
  copy(blob: Blob, target: Uint8Array, offset: number): void;
}

/** 16 MB was no faster, 1 MB slower by half. */
const CHUNK_BYTES = 4 * 1024 ** 2;

/**
 * Reads with FileReaderSync, or what stands for it in tests. Its buffers pile up until they are collected: in
 * Chromium up to as much as was read, or 250 MB.
 */
export class SyncReader implements BlobReader {
  readonly bufferBytes: number = CHUNK_BYTES;
  readonly read: (blob: Blob) => ArrayBuffer;

  constructor(read: (blob: Blob) => ArrayBuffer) {
    this.read = read;
  }

  copy(blob: Blob, target: Uint8Array, offset: number): void {
    for (let at = 0; at < blob.size; at += CHUNK_BYTES) {
      const chunk = this.read(blob.slice(at, Math.min(blob.size, at + CHUNK_BYTES)));
      target.set(new Uint8Array(chunk), offset + at);
    }
  }
}
