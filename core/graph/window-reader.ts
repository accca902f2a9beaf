import { ModelFormatError } from '../errors.ts';
import type { ByteSource } from './byte-source.ts';
import { type FieldHead, MAX_HEAD_BYTES, readHead } from './protobuf.ts';

/** Large enough that a file of 14 MB needs some tens of reads, small enough to skip past weights without reading them. */
const WINDOW_BYTES = 256 * 1024;

/** Reads a ByteSource through one buffered window, so that a Blob or URL is not asked for every field. */
export class WindowReader {
  readonly #source: ByteSource;
  #window: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #start = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /**
   * The tag at `offset` of a message that ends at `end`; `next` is the file offset of its payload.
   * @throws ModelFormatError when the payload would end past `end`.
   */
  async head(offset: number, end: number): Promise<FieldHead> {
    const view = await this.#view(offset, Math.min(MAX_HEAD_BYTES, end - offset));
    const head = readHead(view, 0);
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

  /** A copy of `length` bytes at `offset`: a view would keep a whole window in memory for a few bytes. */
  async bytes(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    return (await this.#view(offset, length)).slice();
  }

  async #view(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const within = offset - this.#start;
    if (within >= 0 && within + length <= this.#window.length) {
      return this.#window.subarray(within, within + length);
    }
    if (length > WINDOW_BYTES) return this.#source.read(offset, length);
    const size = Math.min(WINDOW_BYTES, this.#source.size - offset);
    this.#window = await this.#source.read(offset, Math.max(size, length));
    this.#start = offset;
    return this.#window.subarray(0, length);
  }
}
