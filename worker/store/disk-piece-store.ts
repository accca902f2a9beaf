import type { Sha256 } from '../../core/ids.ts';
import type { PieceNote, PieceStore, StoredModel } from '../../core/weights/piece-store.ts';
import { MAX_DOCUMENT_CHARACTERS, summarise } from '../../core/weights/stored-models.ts';
import { type Disk, findPiece, isQuotaExceeded, removePiece, useOf, workOn } from './disk.ts';
import { makeRoom } from './make-room.ts';

/** Uses are noted together, this long after the first: a stage reads hundreds of pieces in a moment. */
const NOTE_USES_AFTER_MS = 1000;

/**
 * Pieces on disk. The bytes are written first and the ledger's entry last, so that an entry is the mark of a whole
 * piece. Files need not be renamed for that, which is not possible everywhere.
 */
export class DiskPieceStore implements PieceStore {
  readonly kind = 'disk';
  readonly #disk: Disk;
  /** What this page has asked for or put, and how to give it up: until then nobody takes it away. */
  readonly #claimed: Map<Sha256, Promise<() => void>> = new Map();
  /** Uses that the ledger does not know yet. */
  #uses: Map<Sha256, number> = new Map();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  async get(hash: Sha256): Promise<Blob | null> {
    await this.#claim(hash);
    const blob = await findPiece(this.#disk, hash);
    if (blob) this.#use(hash);
    return blob;
  }

  put(hash: Sha256, bytes: Uint8Array<ArrayBuffer>, { label }: PieceNote): Promise<void> {
    return this.#alone(hash, async () => {
      if (await findPiece(this.#disk, hash)) this.#use(hash);
      else await this.#write(hash, bytes, label);
    });
  }

  async release(): Promise<void> {
    const claims = [...this.#claimed.values()];
    this.#claimed.clear();
    for (const claim of claims) (await claim)();
  }

  drop(hash: Sha256): Promise<void> {
    return this.#alone(hash, () => removePiece(this.#disk, hash));
  }

  async list(): Promise<readonly StoredModel[]> {
    await this.#noteUses();
    return summarise(await this.#disk.ledger.all());
  }

  async clear(label?: string): Promise<void> {
    const { ledger } = this.#disk;
    if (label === undefined) await ledger.clearDocuments();
    const entries = await ledger.all();
    const meant = entries.filter((entry) => label === undefined || entry.label === label);
    await Promise.all(meant.map(({ hash }) => this.drop(hash)));
  }

  async usage(): Promise<{ readonly usedBytes: number; readonly quotaBytes: number | null }> {
    const { usage, quota } = await this.#disk.estimate();
    return { usedBytes: usage ?? 0, quotaBytes: quota ?? null };
  }

  async recall(key: string): Promise<unknown> {
    const text = await this.#disk.ledger.document(key);
    return text === undefined ? null : JSON.parse(text);
  }

  async remember(key: string, document: unknown): Promise<void> {
    const text = JSON.stringify(document);
    if (text.length > MAX_DOCUMENT_CHARACTERS) return;
    try {
      await this.#disk.ledger.keepDocument(key, text, this.#disk.clock.now());
    } catch (error) {
      if (!isQuotaExceeded(error)) throw error;
    }
  }

  async #write(hash: Sha256, bytes: Uint8Array<ArrayBuffer>, label: string): Promise<void> {
    const { files, ledger, clock } = this.#disk;
    for (;;) {
      try {
        await files.write(hash, bytes);
        await ledger.add({ hash, label, bytes: bytes.byteLength, usedAt: clock.now() });
        return;
      } catch (error) {
        await files.remove(hash);
        if (!isQuotaExceeded(error)) throw error;
        await this.#noteUses();
        await makeRoom(this.#disk, bytes.byteLength);
      }
    }
  }

  async #alone(hash: Sha256, work: () => Promise<void>): Promise<void> {
    await this.#claim(hash);
    await this.#disk.claims.alone(workOn(hash), work);
  }

  async #claim(hash: Sha256): Promise<void> {
    let claim = this.#claimed.get(hash);
    if (!claim) {
      claim = this.#disk.claims.share(useOf(hash));
      this.#claimed.set(hash, claim);
    }
    await claim;
  }

  #use(hash: Sha256): void {
    const { clock } = this.#disk;
    if (this.#uses.size === 0) {
      // Should it fail, the pieces only count as used earlier than they were.
      clock.setTimeout(() => this.#noteUses().catch(() => undefined), NOTE_USES_AFTER_MS);
    }
    this.#uses.set(hash, clock.now());
  }

  async #noteUses(): Promise<void> {
    if (this.#uses.size === 0) return;
    const uses = this.#uses;
    this.#uses = new Map();
    await this.#disk.ledger.touch(uses);
  }
}
