import type { Sha256 } from '../../core/ids.ts';

/** That a piece is stored completely, and what is known of it. */
export interface LedgerEntry {
  readonly hash: Sha256;
  readonly label: string;
  readonly bytes: number;
  /** Epoch milliseconds. */
  readonly usedAt: number;
}

/** The books of a piece store, shared by all pages of the browser. Each call is one transaction. */
export interface Ledger {
  find(hash: Sha256): Promise<LedgerEntry | undefined>;
  all(): Promise<readonly LedgerEntry[]>;
  /** @throws QuotaExceededError. */
  add(entry: LedgerEntry): Promise<void>;
  /** Notes when pieces were used; those that are gone stay gone. */
  touch(uses: ReadonlyMap<Sha256, number>): Promise<void>;
  remove(hash: Sha256): Promise<void>;
  /** The JSON text under a key. */
  document(key: string): Promise<string | undefined>;
  /** Keeps the latest few hundred texts. @throws QuotaExceededError. */
  keepDocument(key: string, text: string, savedAt: number): Promise<void>;
  clearDocuments(): Promise<void>;
}
