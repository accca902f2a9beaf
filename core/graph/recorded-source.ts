import type { ByteSource } from './byte-source.ts';
import { SparseBytes } from './sparse-bytes.ts';

/** Cheaper to read here than to have read in vain what is known of the run. */
const LITTLE_BYTES = 256 * 1024;

/** A source that asks for no byte twice, until `forget`: reading a graph again costs nothing. */
export class RecordedSource implements ByteSource {
  readonly size: number;
  readonly #source: ByteSource;
  readonly #known = new SparseBytes();
  #recording = true;
  #fresh = false;

  /** `known` came from here before: bytes by their offset, without overlaps. */
  constructor(source: ByteSource, known: readonly { offset: number; bytes: Uint8Array<ArrayBuffer> }[]) {
    this.size = source.size;
    this.#source = source;
    for (const { offset, bytes } of known) this.#known.add(offset, bytes);
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    // Past the end: the source's own error.
    if (!this.#recording || offset + length > this.size) return this.#source.read(offset, length);
    for (const gap of this.#known.missing(offset, length)) {
      const bytes = await this.#source.read(gap.offset, gap.length);
      // Another read may have brought some of them meanwhile.
      for (const still of this.#known.missing(gap.offset, gap.length)) {
        const from = still.offset - gap.offset;
        this.#known.add(still.offset, bytes.subarray(from, from + still.length));
      }
      this.#fresh = true;
    }
    return this.#known.read(offset, length);
  }

  /** A run of which something was read already and little is missing, which is read then; else null. */
  async complete(offset: number, length: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const missing = this.#known.missing(offset, length).reduce((sum, gap) => sum + gap.length, 0);
    return missing < length && missing <= LITTLE_BYTES ? this.read(offset, length) : null;
  }

  /** True when something was read that was not known at the beginning. */
  get fresh(): boolean {
    return this.#fresh;
  }

  /** What was read, in the order of the file. */
  get parts(): SparseBytes['parts'] {
    return this.#known.parts;
  }

  /** Lets go of what was read; later reads go to the source and are not kept. */
  forget(): void {
    this.#recording = false;
    this.#known.clear();
  }
}
