import { expose } from 'comlink';
import { type ErrorData, StorageFullError } from '../../core/errors.ts';
import type { Sha256 } from '../../core/ids.ts';
import type { PieceNote, PieceStore } from '../../core/weights/piece-store.ts';
import { DiskPieceStore } from './disk-piece-store.ts';
import { openDisk } from './open-disk.ts';
import { sweep } from './sweep.ts';

/** What a StorageFullError says; as an error it would lose its data on the way to the page. */
export interface StorageFull {
  readonly message: string;
  readonly data: ErrorData;
}

/** A piece store on disk, for the page behind Comlink. */
class StoreWorker {
  #store: PieceStore | undefined;

  /** @throws when this browser stores nothing on disk. */
  async open(): Promise<void> {
    const disk = await openDisk();
    this.#store = new DiskPieceStore(disk);
    // In the background: the next page does what this one does not finish.
    sweep(disk).catch((error) => console.warn('Old pieces could not be swept.', error));
  }

  get: PieceStore['get'] = (hash) => this.#opened().get(hash);
  release: PieceStore['release'] = () => this.#opened().release();
  drop: PieceStore['drop'] = (hash) => this.#opened().drop(hash);
  list: PieceStore['list'] = () => this.#opened().list();
  clear: PieceStore['clear'] = (label) => this.#opened().clear(label);
  usage: PieceStore['usage'] = () => this.#opened().usage();
  recall: PieceStore['recall'] = (key) => this.#opened().recall(key);
  remember: PieceStore['remember'] = (key, document) => this.#opened().remember(key, document);

  async put(hash: Sha256, bytes: Uint8Array<ArrayBuffer>, note: PieceNote): Promise<StorageFull | null> {
    try {
      await this.#opened().put(hash, bytes, note);
      return null;
    } catch (error) {
      if (error instanceof StorageFullError) return { message: error.message, data: error.data };
      // Firefox throws things that cannot be sent to the page.
      throw error instanceof Error ? error : new Error(String(error));
    }
  }

  #opened(): PieceStore {
    if (!this.#store) throw new Error('open the store first');
    return this.#store;
  }
}

export type { StoreWorker };

expose(new StoreWorker());
