/** A Blob for tests that can be read at once: Node has no FileReaderSync. */
export class BytesBlob extends Blob {
  readonly content: Uint8Array<ArrayBuffer>;

  constructor(content: Uint8Array<ArrayBuffer>) {
    super([]);
    this.content = content;
  }

  override get size(): number {
    return this.content.byteLength;
  }

  override slice(start?: number, end?: number): Blob {
    return new BytesBlob(this.content.subarray(start, end));
  }
}

/** What FileReaderSync does in a worker. */
export function readBytesBlob(blob: Blob): ArrayBuffer {
  if (blob instanceof BytesBlob) return blob.content.slice().buffer;
  throw new TypeError('only a BytesBlob can be read at once here');
}
