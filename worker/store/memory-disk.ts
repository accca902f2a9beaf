import type { Sha256 } from '../../core/ids.ts';
import { systemClock } from '../../core/mesh/clock.ts';
import type { Disk } from './disk.ts';
import type { LedgerEntry } from './ledger.ts';
import { MemoryClaims } from './memory-claims.ts';

/** Chromium tells this whatever is true. */
const CLAIMED_FREE_BYTES = 10 * 1024 ** 3;

/** The twin of a browser's disk, with room for some bytes, and pages that may die at any step. */
export class MemoryDisk {
  readonly files: Map<Sha256, Blob> = new Map();
  readonly entries: Map<Sha256, LedgerEntry> = new Map();
  readonly #documents: Map<string, string> = new Map();
  readonly #claims: MemoryClaims = new MemoryClaims();
  readonly #roomBytes: number;

  constructor(roomBytes: number) {
    this.#roomBytes = roomBytes;
  }

  /** The disk as one more page sees it. `dies` is asked before each step; once it says so, nothing more happens. */
  openPage(dies: (step: string) => boolean = () => false): { readonly disk: Disk; close(): void } {
    const page = {};
    let open = true;
    const close = (): void => {
      open = false;
      this.#claims.end(page);
    };
    /** Takes its time as a disk does, so that pages get in between each other. */
    const step = async <T>(name: string, result: () => T): Promise<T> => {
      await new Promise((resolve) => setTimeout(resolve));
      if (open && dies(name)) close();
      return open ? result() : new Promise<never>(() => undefined);
    };
    const disk: Disk = {
      files: {
        write: async (hash, bytes) => {
          await step('begin to write', () => this.files.set(hash, new Blob([])));
          const fitting = Math.min(bytes.byteLength, this.#roomBytes - this.#usedBytes());
          for (const end of [fitting / 2, fitting]) {
            await step('write more', () => {
              // What goes into a file that somebody removed meanwhile is lost.
              if (this.files.has(hash)) this.files.set(hash, new Blob([bytes.subarray(0, end)]));
            });
          }
          if (fitting < bytes.byteLength) throw new DOMException('no room', 'QuotaExceededError');
        },
        read: (hash) => step('read', () => this.files.get(hash) ?? null),
        remove: (hash) => step('remove the file', () => void this.files.delete(hash)),
        list: () => step('list', () => [...this.files.keys()]),
      },
      ledger: {
        find: (hash) => step('find', () => this.entries.get(hash)),
        all: () => step('read the ledger', () => [...this.entries.values()]),
        add: (entry) => step('enter', () => void this.entries.set(entry.hash, entry)),
        touch: (uses) =>
          step('touch', () => {
            for (const [hash, usedAt] of uses) {
              const entry = this.entries.get(hash);
              if (entry) this.entries.set(hash, { ...entry, usedAt });
            }
          }),
        remove: (hash) => step('remove the entry', () => void this.entries.delete(hash)),
        document: (key) => step('read a document', () => this.#documents.get(key)),
        keepDocument: (key, text) => step('keep a document', () => void this.#documents.set(key, text)),
        clearDocuments: () => step('clear documents', () => this.#documents.clear()),
      },
      claims: this.#claims.of(page),
      estimate: () =>
        step('estimate', () => ({ usage: this.#usedBytes(), quota: this.#usedBytes() + CLAIMED_FREE_BYTES })),
      clock: systemClock,
    };
    return { disk, close };
  }

  #usedBytes(): number {
    let bytes = 0;
    for (const { size } of this.files.values()) bytes += size;
    return bytes;
  }
}
