import { ModelFormatError } from '../errors.ts';
import { Arena } from './arena.ts';
import type { ByteSource } from './byte-source.ts';
import { type FieldHead, MAX_HEAD_BYTES, readHead } from './protobuf.ts';
import { concat } from './protobuf-writer.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** After a jump past a large weight come a few dozen bytes before the next one. */
const LEAST_WINDOW = 4 * 1024;
/** A list of nodes of 30 MB is some thirty reads. */
const MOST_WINDOW = 1024 * 1024;
/** A request costs about as long as these bytes (50 ms at 10 Mbit/s): across shorter gaps, reading on is cheaper. */
const NEAR_BYTES = 64 * 1024;

/**
 * Reads a ByteSource through one buffered window, each byte at most once as long as the caller goes forward.
 * The window doubles while reading goes on and is small again after a jump. The same file read in the same way
 * gives the same reads, so that they can be kept by offset.
 */
export class WindowReader {
  readonly #source: ByteSource;
  #window: Bytes = new Uint8Array(0);
  #start = 0;
  #size = LEAST_WINDOW / 2;
  readonly #arena = new Arena();

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /**
   * The tag at `offset` of a message that ends at `end`; `next` is the file offset of its payload.
   * @throws ModelFormatError when the payload would end past `end`.
   */
  async head(offset: number, end: number): Promise<FieldHead> {
    const head = readHead(await this.#view(offset, Math.min(MAX_HEAD_BYTES, end - offset)), 0);
    const next = offset + head.next;
    if (next + head.length > end) {
      throw new ModelFormatError(
        'The file ends in the middle: it was cut short while it was saved or sent.',
        {
          step: 'read the model',
          expected: `${next + head.length} bytes`,
          actual: `${end} bytes`,
        },
      );
    }
    return { ...head, next };
  }

  /** A copy of `length` bytes at `offset`, to be kept: a view would keep a whole window in memory for a few bytes. */
  async bytes(offset: number, length: number): Promise<Bytes> {
    const found = await this.view(offset, length);
    return found.buffer === this.#window.buffer ? this.#arena.copy(found) : found;
  }

  /** `length` bytes at `offset`, to be looked at and let go. */
  async view(offset: number, length: number): Promise<Bytes> {
    const held = this.#heldAt(offset);
    if (length <= MOST_WINDOW || length <= held.length) return this.#view(offset, length);
    const rest = await this.#source.read(offset + held.length, length - held.length);
    this.#window = new Uint8Array(0);
    this.#start = offset + length;
    return held.length === 0 ? rest : concat([held, rest]);
  }

  async #view(offset: number, length: number): Promise<Bytes> {
    const held = this.#heldAt(offset);
    if (length <= held.length) return held.subarray(0, length);
    const from = offset + held.length;
    const gap = from - (this.#start + this.#window.length);
    const near = gap >= 0 && gap <= NEAR_BYTES;
    this.#size = near ? Math.min(MOST_WINDOW, this.#size * 2) : LEAST_WINDOW;
    const size = Math.min(Math.max(this.#size, length - held.length), this.#source.size - from);
    const read = await this.#source.read(from, size);
    this.#window = held.length === 0 ? read : concat([held, read]);
    this.#start = offset;
    return this.#window.subarray(0, length);
  }

  /** What the window holds from `offset` on. */
  #heldAt(offset: number): Bytes {
    const within = offset - this.#start;
    const holds = within >= 0 && within < this.#window.length;
    return holds ? this.#window.subarray(within) : new Uint8Array(0);
  }
}
