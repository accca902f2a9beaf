import { StorageFullError } from '../errors.ts';
import type { Sha256 } from '../ids.ts';
import type { Digest } from './digest.ts';
import type { PieceStore } from './piece-store.ts';

/**
 * All pieces that this device can use or give away: those laid here for as long as a model is open (ranges of
 * a picked file, the graphs of stages), and those in the store.
 */
export class Shelf {
  readonly store: PieceStore;
  readonly #digest: Digest;
  /** One piece may be laid by several: it stays until the last has taken it away. */
  readonly #laid = new Map<Sha256, Map<string, Blob>>();

  constructor(store: PieceStore, digest: Digest) {
    this.store = store;
    this.#digest = digest;
  }

  /** Hashes bytes, for those who fetch them. */
  digest(bytes: Uint8Array<ArrayBuffer>): Promise<Sha256> {
    return this.#digest(bytes);
  }

  /** Lays out bytes whose hash the caller knows to be right; `owner` takes them away again. */
  lay(owner: string, hash: Sha256, blob: Blob): void {
    const blobs = this.#laid.get(hash) ?? new Map<string, Blob>();
    this.#laid.set(hash, blobs.set(owner, blob));
  }

  /** Takes away what `owner` laid here, but for `spared`. */
  clear(owner: string, spared: ReadonlySet<Sha256> = new Set()): void {
    for (const [hash, blobs] of this.#laid) {
      if (!spared.has(hash) && blobs.delete(owner) && blobs.size === 0) this.#laid.delete(hash);
    }
  }

  /** A piece to give away, or null. Whoever takes it verifies it. */
  async peek(hash: Sha256): Promise<Blob | null> {
    return this.#laidOut(hash) ?? (await this.store.get(hash));
  }

  /** A piece to use, or null. What lay in the store is hashed again: disks fail, and other pages write there. */
  async find(hash: Sha256): Promise<Blob | null> {
    const laid = this.#laidOut(hash);
    if (laid) return laid;
    const stored = await this.store.get(hash);
    if (!stored) return null;
    const actual = await stored.arrayBuffer().then(
      (bytes) => this.#digest(new Uint8Array(bytes)),
      // Unreadable is as good as damaged.
      () => null,
    );
    if (actual === hash) return stored;
    await this.store.drop(hash);
    return null;
  }

  /**
   * Stores bytes that were verified. They stay the caller's: the store takes a copy, because it may lose what it
   * was given when it finds that it is full.
   * @throws StorageFullError
   */
  async keep(label: string, hash: Sha256, bytes: Uint8Array<ArrayBuffer>): Promise<Blob> {
    await this.store.put(hash, bytes.slice(), { label });
    const stored = await this.store.get(hash);
    if (stored?.size === bytes.byteLength) return stored;
    throw new StorageFullError('This browser does not give back the weights that it stored.', {
      step: 'store a piece',
      expected: `${bytes.byteLength} bytes`,
      actual: stored ? `${stored.size} bytes` : 'nothing',
    });
  }

  #laidOut(hash: Sha256): Blob | undefined {
    return this.#laid.get(hash)?.values().next().value;
  }
}
