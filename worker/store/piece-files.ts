import type { Sha256 } from '../../core/ids.ts';

/**
 * The bytes of pieces, one file each. A file counts only when the ledger has an entry for it, so writing need not
 * be atomic here. Callers see to it that one page at a time writes or removes a file.
 */
export interface PieceFiles {
  /** Writes a whole file over whatever is there. @throws QuotaExceededError, which may leave a part behind. */
  write(hash: Sha256, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** A Blob on disk, or null when there is no such file. */
  read(hash: Sha256): Promise<Blob | null>;
  /** Does nothing when there is no such file. */
  remove(hash: Sha256): Promise<void>;
  /** All files, written to the end or not. */
  list(): Promise<readonly Sha256[]>;
}
