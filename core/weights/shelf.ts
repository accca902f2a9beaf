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
  readonly #laid = new Map<Sha256, { readonly owner: string; readonly blob: Blob }>();

  constructor(store: PieceStore, digest: Digest) {
    this.store = store;
    this.#digest = digest;
  }

  /** Hashes of bytes, for those who fetch them. */
  digest(bytes: Uint8Array<ArrayBuffer>): Promise<Sha256> {
    return this.#digest(bytes);
  }

  /** Lays out bytes whose hash the caller knows to be right; `owner` takes them away again. */
  lay(owner: string, hash: Sha256, blob: Blob): void {
    this.#laid.set(hash, { owner, blob });
  }

  /** Takes away what `owner` laid here. */
  clear(owner: string): void {
    for (const [hash, each] of this.#laid) if (each.owner === owner) this.#laid.delete(hash);
  }

  /** A piece to give away, or null. Whoever takes it verifies it. */
  async peek(hash: Sha256): Promise<Blob | null> {
    return this.#laid.get(hash)?.blob ?? (await this.store.get(hash));
  }

  /** A piece to use, or null. What lay in the store is hashed again: disks fail, and other pages write there. */
  async find(hash: Sha256): Promise<Blob | null> {
    const laid = this.#laid.get(hash);
    if (laid) return laid.blob;
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
   * Stores bytes that were verified. Takes ownership of `bytes`.
   * @throws StorageFullError
   */
  async keep(label: string, hash: Sha256, bytes: Uint8Array<ArrayBuffer>): Promise<Blob> {
    await this.store.put(hash, bytes, { label });
    const stored = await this.store.get(hash);
    if (stored) return stored;
    throw new Error('a piece vanished from the store as it was put there');
  }
}
