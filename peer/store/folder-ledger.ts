import { readFile, rename, writeFile } from 'node:fs/promises';
import { isSha256, type Sha256 } from '../../core/ids.ts';
import type { Ledger, LedgerEntry } from '../../worker/store/ledger.ts';

interface Document {
  readonly text: string;
  readonly savedAt: number;
}

/** Each is a few KB: manifests of addresses. */
const MOST_DOCUMENTS = 300;

/**
 * The books of a folder of pieces: a JSON file, read once, held in memory, written anew after changes. A process has a
 * folder for itself. What was not written when it died, the sweep at the next start takes away.
 */
export class FolderLedger implements Ledger {
  readonly #path: string;
  readonly #entries: Map<Sha256, LedgerEntry>;
  readonly #documents: Map<string, Document>;
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  private constructor(
    path: string,
    entries: readonly LedgerEntry[],
    documents: readonly [string, Document][],
  ) {
    this.#path = path;
    this.#entries = new Map(entries.map((entry) => [entry.hash, entry]));
    this.#documents = new Map(documents);
  }

  /** A missing or damaged file counts as empty. */
  static async open(path: string): Promise<FolderLedger> {
    const text = await readFile(path, 'utf8').catch(() => '{}');
    const { entries, documents } = read(text);
    return new FolderLedger(path, listOf(entries).filter(isEntry), listOf(documents).filter(isDocument));
  }

  find: Ledger['find'] = async (hash) => this.#entries.get(hash);
  all: Ledger['all'] = async () => [...this.#entries.values()];

  add: Ledger['add'] = async (entry) => {
    this.#entries.set(entry.hash, entry);
    await this.#write();
  };

  touch: Ledger['touch'] = async (uses) => {
    for (const [hash, usedAt] of uses) {
      const entry = this.#entries.get(hash);
      if (entry && entry.usedAt < usedAt) this.#entries.set(hash, { ...entry, usedAt });
    }
    await this.#write();
  };

  remove: Ledger['remove'] = async (hash) => {
    if (this.#entries.delete(hash)) await this.#write();
  };

  document: Ledger['document'] = async (key) => this.#documents.get(key)?.text;

  keepDocument: Ledger['keepDocument'] = async (key, text, savedAt) => {
    // Behind all others, so that the oldest come first.
    this.#documents.delete(key);
    this.#documents.set(key, { text, savedAt });
    for (const old of [...this.#documents.keys()].slice(0, -MOST_DOCUMENTS)) this.#documents.delete(old);
    await this.#write();
  };

  clearDocuments: Ledger['clearDocuments'] = async () => {
    this.#documents.clear();
    await this.#write();
  };

  /** Done when what is known now is on the disk. Changes that come while one is being written go together. */
  async #write(): Promise<void> {
    if (!this.#writing) {
      this.#writing = this.#save().finally(() => {
        this.#writing = undefined;
      });
      return this.#writing;
    }
    this.#next ??= this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#write();
      });
    return this.#next;
  }

  /** A rename is atomic: the file is the old one or the new one. */
  async #save(): Promise<void> {
    const text = JSON.stringify({ entries: [...this.#entries.values()], documents: [...this.#documents] });
    await writeFile(`${this.#path}.new`, text);
    await rename(`${this.#path}.new`, this.#path);
  }
}

function read(text: string): { entries?: unknown; documents?: unknown } {
  try {
    return (JSON.parse(text) ?? {}) as { entries?: unknown; documents?: unknown };
  } catch {
    return {};
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isEntry(value: unknown): value is LedgerEntry {
  const { hash, label, bytes, usedAt } = (value ?? {}) as Partial<LedgerEntry>;
  return (
    typeof hash === 'string' &&
    isSha256(hash) &&
    typeof label === 'string' &&
    typeof bytes === 'number' &&
    typeof usedAt === 'number'
  );
}

function isDocument(value: unknown): value is [string, Document] {
  if (!Array.isArray(value) || typeof value[0] !== 'string') return false;
  const { text, savedAt } = (value[1] ?? {}) as Partial<Document>;
  return typeof text === 'string' && typeof savedAt === 'number';
}
