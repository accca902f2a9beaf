type Bytes = Uint8Array<ArrayBuffer>;

const BLOCK_BYTES = 64 * 1024;

/** Copies of small things, many to a buffer: tens of thousands of buffers of their own take memory and time. */
export class Arena {
  #block: Bytes = new Uint8Array(0);
  #used = 0;

  /** A copy of `bytes` that shares its buffer with others; not to be transferred. */
  copy(bytes: Bytes): Bytes {
    if (bytes.length > BLOCK_BYTES / 8) return bytes.slice();
    if (this.#used + bytes.length > this.#block.length) {
      this.#block = new Uint8Array(BLOCK_BYTES);
      this.#used = 0;
    }
    const copy = this.#block.subarray(this.#used, this.#used + bytes.length);
    copy.set(bytes);
    this.#used += bytes.length;
    return copy;
  }
}
