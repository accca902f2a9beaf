type Part = Blob | Uint8Array<ArrayBuffer>;

/** A Blob that is read without the system's help: reading takes no real time, for which virtual time would have to wait. */
class MemoryBlob extends Blob {
  readonly #parts: readonly Part[];
  readonly #size: number;

  constructor(parts: readonly BlobPart[] = []) {
    super([]);
    this.#parts = parts.map(bytesOf);
    this.#size = this.#parts.reduce((sum, part) => sum + sizeOf(part), 0);
  }

  override get size(): number {
    return this.#size;
  }

  override slice(start = 0, end: number = this.#size): Blob {
    const found: Part[] = [];
    let at = 0;
    for (const part of this.#parts) {
      const [from, to] = [Math.max(start, at) - at, Math.min(end, at + sizeOf(part)) - at];
      if (from < to) found.push(part instanceof Blob ? part.slice(from, to) : part.subarray(from, to));
      at += sizeOf(part);
    }
    return new MemoryBlob(found);
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(this.#size);
    this.#writeTo(bytes, 0);
    return bytes.buffer;
  }

  #writeTo(bytes: Uint8Array, start: number): void {
    let at = start;
    for (const part of this.#parts) {
      if (part instanceof MemoryBlob) part.#writeTo(bytes, at);
      else if (part instanceof Uint8Array) bytes.set(part, at);
      else throw new TypeError('a Blob of the system: made before this file was loaded');
      at += sizeOf(part);
    }
  }
}

/** A Blob has its own copy of what it is made of. */
function bytesOf(part: BlobPart): Part {
  if (part instanceof Blob) return part;
  if (typeof part === 'string') return new TextEncoder().encode(part);
  if (part instanceof ArrayBuffer) return new Uint8Array(part.slice(0));
  const { buffer, byteOffset, byteLength } = part as ArrayBufferView<ArrayBuffer>;
  return new Uint8Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

function sizeOf(part: Part): number {
  return part instanceof Uint8Array ? part.byteLength : part.size;
}

globalThis.Blob = MemoryBlob;
