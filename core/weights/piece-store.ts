import type { Sha256 } from '../ids.ts';

/** What people see of stored pieces: which model they belong to. */
export interface PieceNote {
  readonly label: string;
}

/** All pieces with one label. */
export interface StoredModel {
  readonly label: string;
  readonly bytes: number;
  readonly pieces: number;
  /** Epoch milliseconds. */
  readonly usedAt: number;
}

/**
 * Keeps pieces of weights on this device by their SHA-256, over visits where the browser allows it. When room
 * is short, the pieces used longest ago go first; those that an open page put or asked for stay, because a running
 * stage may still read them. Every implementation passes `pieceStoreContract`.
 */
export interface PieceStore {
  /** `disk` outlives the page; `memory` does not, and counts against the page's own memory. */
  readonly kind: 'disk' | 'memory';
  /**
   * The bytes of a piece, or null when they are not here. A Blob on disk costs no memory until read. Not
   * verified: whoever reads a piece for the first time in this page checks its hash, and calls `drop` when it is wrong.
   */
  get(hash: Sha256): Promise<Blob | null>;
  /**
   * Keeps bytes that the caller has verified. Takes ownership of `bytes`. Writing is atomic: an interrupted
   * page leaves the whole piece or nothing. Putting what is here already does nothing.
   * @throws StorageFullError when even evicting leaves too little room.
   */
  put(hash: Sha256, bytes: Uint8Array<ArrayBuffer>, note: PieceNote): Promise<void>;
  /** This page uses none of its pieces any more: they may be evicted until it asks for them again. */
  release(): Promise<void>;
  /** Forgets one piece, also when other pages use it. */
  drop(hash: Sha256): Promise<void>;
  /** What is stored, most recently used first. */
  list(): Promise<readonly StoredModel[]>;
  /** Forgets all pieces with this label, or everything with the documents, also what is in use. */
  clear(label?: string): Promise<void>;
  /** Bytes in use by this site and bytes allowed, as far as the browser tells: Chromium claims 10 GiB more than used. */
  usage(): Promise<{ readonly usedBytes: number; readonly quotaBytes: number | null }>;
  /** A small JSON document under a key of any length, such as what is known of an address; null when there is none. */
  recall(key: string): Promise<unknown>;
  /** Keeps such a document, at most 4 MiB of JSON. Best effort: does nothing when it is longer or there is no room. */
  remember(key: string, document: unknown): Promise<void>;
}
