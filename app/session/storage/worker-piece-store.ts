import { type Remote, transfer, wrap } from 'comlink';
import { messageOf, StorageFullError } from '../../../core/errors.ts';
import type { Sha256 } from '../../../core/ids.ts';
import { PendingCalls } from '../../../core/runtime/pending-calls.ts';
import type { PieceNote, PieceStore, StoredModel } from '../../../core/weights/piece-store.ts';
import type { StoreWorker } from '../../../worker/store/browser.ts';

/**
 * The store on disk, in a worker of its own: only there files can be written in every browser. A disk that fails
 * later on, as when the person clears the site's data, is one that has nothing and takes nothing.
 */
export class WorkerPieceStore implements PieceStore {
  readonly kind = 'disk';
  readonly #worker: Worker;
  readonly #remote: Remote<StoreWorker>;
  readonly #pending: PendingCalls = new PendingCalls();

  constructor() {
    this.#worker = new Worker(new URL('../../../worker/store/browser.ts', import.meta.url), {
      type: 'module',
      name: 'store',
    });
    this.#worker.addEventListener('error', ({ message }) => this.#end(message || 'it gave no reason'));
    this.#remote = wrap<StoreWorker>(this.#worker);
  }

  /** @throws when this browser stores nothing on disk. */
  open(): Promise<void> {
    return this.#pending.track(() => this.#remote.open());
  }

  async get(hash: Sha256): Promise<Blob | null> {
    return this.#orElse(null, () => this.#remote.get(hash));
  }

  async put(hash: Sha256, bytes: Uint8Array<ArrayBuffer>, note: PieceNote): Promise<void> {
    const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
    const moved = transfer(whole, [whole.buffer]);
    const full = await this.#pending.track(() => this.#remote.put(hash, moved, note)).catch(refused);
    if (full) throw new StorageFullError(full.message, full.data);
  }

  async release(): Promise<void> {
    await this.#orElse(undefined, () => this.#remote.release());
  }

  async drop(hash: Sha256): Promise<void> {
    await this.#orElse(undefined, () => this.#remote.drop(hash));
  }

  list(): Promise<readonly StoredModel[]> {
    return this.#orElse([], () => this.#remote.list());
  }

  async clear(label?: string): Promise<void> {
    await this.#pending.track(() => this.#remote.clear(label));
  }

  usage(): Promise<{ readonly usedBytes: number; readonly quotaBytes: number | null }> {
    return this.#orElse({ usedBytes: 0, quotaBytes: null }, () => this.#remote.usage());
  }

  recall(key: string): Promise<unknown> {
    return this.#orElse(null, () => this.#remote.recall(key));
  }

  async remember(key: string, document: unknown): Promise<void> {
    await this.#orElse(undefined, () => this.#remote.remember(key, document));
  }

  /** Ends the worker; what this page used may be evicted from then on. */
  close(): void {
    this.#end('it was closed');
  }

  #end(why: string): void {
    this.#worker.terminate();
    this.#pending.end(new Error(`The worker of the store ended: ${why}`));
  }

  async #orElse<T>(nothing: T, call: () => Promise<T>): Promise<T> {
    try {
      return await this.#pending.track(call);
    } catch (error) {
      console.warn('The store of weights failed; going on without.', error);
      return nothing;
    }
  }
}

/** A disk that fails in any other way than by being full. To the caller it is the same: the piece is not kept. */
function refused(error: unknown): { readonly message: string; readonly data: StorageFullError['data'] } {
  const actual = messageOf(error);
  return {
    message: `This browser could not store weights: ${actual}`,
    data: { step: 'store a piece', expected: 'a disk that takes bytes', actual },
  };
}
