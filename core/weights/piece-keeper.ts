import { messageOf } from '../errors.ts';
import type { Sha256 } from '../ids.ts';
import type { Shelf } from './shelf.ts';

/** Owner of the pieces on the shelf that the store did not take. */
const IN_MEMORY = 'pieces in memory';

/** Keeps verified pieces: in the store, and from its first refusal on in memory, so that a full disk stops nothing. */
export class PieceKeeper {
  readonly #shelf: Shelf;
  readonly #label: string;
  readonly #full: (message: string) => void;
  #isFull = false;

  /** `full` hears the store's reason, once. */
  constructor(shelf: Shelf, label: string, full: (message: string) => void) {
    this.#shelf = shelf;
    this.#label = label;
    this.#full = full;
  }

  async keep(hash: Sha256, bytes: Uint8Array<ArrayBuffer>): Promise<Blob> {
    if (!this.#isFull) {
      try {
        return await this.#shelf.keep(this.#label, hash, bytes);
      } catch (error) {
        // Two sources may hear of it at the same time. A store that is broken is to us as one that is full.
        if (!this.#isFull) this.#full(messageOf(error));
        this.#isFull = true;
      }
    }
    const blob = new Blob([bytes]);
    this.#shelf.lay(IN_MEMORY, hash, blob);
    return blob;
  }

  /** Frees what is in memory of earlier stages, but for these. */
  release(used: ReadonlySet<Sha256>): void {
    this.#shelf.clear(IN_MEMORY, used);
  }
}
