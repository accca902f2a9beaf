import { StorageFullError } from '../errors.ts';
import type { Sha256 } from '../ids.ts';
import { type Clock, systemClock } from '../mesh/clock.ts';
import type { PieceNote, PieceStore, StoredModel } from './piece-store.ts';
import { MAX_DOCUMENT_CHARACTERS, summarise } from './stored-models.ts';

interface ShelfPiece {
  readonly blob: Blob;
  readonly label: string;
  usedAt: number;
  /** The open stores that put or got it. */
  readonly users: Set<MemoryPieceStore>;
}

/** What stores in memory share, as the tabs of one browser share its disk. */
export class MemoryShelf {
  readonly capacityBytes: number;
  /** The piece used longest ago comes first. */
  readonly pieces: Map<Sha256, ShelfPiece> = new Map();
  /** JSON texts. */
  readonly documents: Map<string, string> = new Map();

  constructor(capacityBytes: number = Number.POSITIVE_INFINITY) {
    this.capacityBytes = capacityBytes;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const { blob } of this.pieces.values()) bytes += blob.size;
    return bytes;
  }
}

/** Pieces in memory: the last resort of a browser without storage, and the twin of the stores on disk. */
export class MemoryPieceStore implements PieceStore {
  readonly kind = 'memory';
  readonly #shelf: MemoryShelf;
  readonly #clock: Pick<Clock, 'now'>;

  /** A second store on the same shelf is what a second page, or the page after a reload, is to a disk. */
  constructor(shelf: MemoryShelf = new MemoryShelf(), clock: Pick<Clock, 'now'> = systemClock) {
    this.#shelf = shelf;
    this.#clock = clock;
  }

  async get(hash: Sha256): Promise<Blob | null> {
    return this.#use(hash)?.blob ?? null;
  }

  async put(hash: Sha256, bytes: Uint8Array<ArrayBuffer>, { label }: PieceNote): Promise<void> {
    if (this.#use(hash)) return;
    this.#makeRoom(bytes.byteLength);
    const users = new Set<MemoryPieceStore>([this]);
    this.#shelf.pieces.set(hash, { blob: new Blob([bytes]), label, usedAt: this.#clock.now(), users });
  }

  async release(): Promise<void> {
    this.close();
  }

  async drop(hash: Sha256): Promise<void> {
    this.#shelf.pieces.delete(hash);
  }

  async list(): Promise<readonly StoredModel[]> {
    return summarise([...this.#shelf.pieces.values()].map((piece) => ({ ...piece, bytes: piece.blob.size })));
  }

  async clear(label?: string): Promise<void> {
    const { pieces, documents } = this.#shelf;
    for (const [hash, piece] of pieces) if (label === undefined || piece.label === label) pieces.delete(hash);
    if (label === undefined) documents.clear();
  }

  async usage(): Promise<{ readonly usedBytes: number; readonly quotaBytes: number | null }> {
    const { usedBytes, capacityBytes } = this.#shelf;
    return { usedBytes, quotaBytes: Number.isFinite(capacityBytes) ? capacityBytes : null };
  }

  async recall(key: string): Promise<unknown> {
    const text = this.#shelf.documents.get(key);
    return text === undefined ? null : JSON.parse(text);
  }

  async remember(key: string, document: unknown): Promise<void> {
    const text = JSON.stringify(document);
    if (text.length <= MAX_DOCUMENT_CHARACTERS) this.#shelf.documents.set(key, text);
  }

  /** Gives up what this store uses, as a closed page does. */
  close(): void {
    for (const { users } of this.#shelf.pieces.values()) users.delete(this);
  }

  #use(hash: Sha256): ShelfPiece | undefined {
    const { pieces } = this.#shelf;
    const piece = pieces.get(hash);
    if (!piece) return undefined;
    piece.usedAt = this.#clock.now();
    piece.users.add(this);
    pieces.delete(hash);
    pieces.set(hash, piece);
    return piece;
  }

  #makeRoom(bytes: number): void {
    const { pieces, usedBytes, capacityBytes } = this.#shelf;
    let short = usedBytes + bytes - capacityBytes;
    for (const [hash, { blob, users }] of pieces) {
      if (short <= 0) return;
      if (users.size > 0) continue;
      pieces.delete(hash);
      short -= blob.size;
    }
    if (short <= 0) return;
    throw new StorageFullError(
      `This page keeps at most ${capacityBytes} bytes of weights in memory. Let this device take fewer layers.`,
      { step: 'store a piece', expected: `room for ${bytes} bytes`, actual: `${bytes - short} bytes` },
    );
  }
}
