type Bytes = Uint8Array<ArrayBuffer>;

/** A run of bytes of a file. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** The parts of one file that are known. */
export class SparseBytes {
  /** In the order of their offsets, without overlaps. */
  #parts: { readonly offset: number; readonly bytes: Bytes }[] = [];

  /** Takes ownership of bytes that `missing` told of, or of the first ones. */
  add(offset: number, bytes: Bytes): void {
    if (bytes.byteLength === 0) return;
    const at = this.#parts.findLastIndex((part) => part.offset < offset) + 1;
    this.#parts.splice(at, 0, { offset, bytes });
  }

  /** What is not known of a run, in order. */
  missing(offset: number, length: number): Span[] {
    const gaps: Span[] = [];
    let at = offset;
    for (const part of this.#within(offset, length)) {
      if (part.offset > at) gaps.push({ offset: at, length: part.offset - at });
      at = part.offset + part.bytes.byteLength;
    }
    if (at < offset + length) gaps.push({ offset: at, length: offset + length - at });
    return gaps;
  }

  /** A copy of a run of which nothing is missing. */
  read(offset: number, length: number): Bytes {
    const bytes = new Uint8Array(length);
    for (const part of this.#within(offset, length)) {
      const from = Math.max(0, offset - part.offset);
      const to = Math.min(part.bytes.byteLength, offset + length - part.offset);
      bytes.set(part.bytes.subarray(from, to), part.offset + from - offset);
    }
    return bytes;
  }

  /** All that is known, in order; the bytes stay this object's. */
  get parts(): readonly { readonly offset: number; readonly bytes: Bytes }[] {
    return this.#parts;
  }

  clear(): void {
    this.#parts = [];
  }

  /** Known parts that share bytes with a run. */
  #within(offset: number, length: number): { readonly offset: number; readonly bytes: Bytes }[] {
    const first = this.#firstEndingAfter(offset);
    let end = first;
    while ((this.#parts[end]?.offset ?? Number.POSITIVE_INFINITY) < offset + length) end += 1;
    return this.#parts.slice(first, end);
  }

  /** By bisection: a graph is read in thousands of parts. */
  #firstEndingAfter(offset: number): number {
    let low = 0;
    let high = this.#parts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const part = this.#parts[middle];
      if (part && part.offset + part.bytes.byteLength > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
