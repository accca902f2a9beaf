import type { Ledger, LedgerEntry } from './ledger.ts';

const PIECES = 'pieces';
const DOCUMENTS = 'documents';
const MOST_DOCUMENTS = 256;

interface StoredDocument {
  readonly key: string;
  readonly text: string;
  readonly savedAt: number;
}

/**
 * The ledger in IndexedDB: its transactions keep several pages from spoiling each other's books, and a crash leaves
 * a transaction done or undone. Durability is relaxed, since a lost entry only means to fetch a piece again.
 */
export class IndexedDbLedger implements Ledger {
  readonly #factory: IDBFactory;
  readonly #name: string;
  #database: Promise<IDBDatabase> | undefined;

  constructor(factory: IDBFactory, name = 'pieces') {
    this.#factory = factory;
    this.#name = name;
  }

  find: Ledger['find'] = (hash) => this.#read(PIECES, (pieces) => pieces.get(hash));

  all: Ledger['all'] = () => this.#read<LedgerEntry[]>(PIECES, (pieces) => pieces.getAll());

  add: Ledger['add'] = (entry) => this.#write(PIECES, (pieces) => void pieces.put(entry));

  touch: Ledger['touch'] = (uses) =>
    this.#write(PIECES, (pieces) => {
      for (const [hash, usedAt] of uses) {
        const found: IDBRequest<LedgerEntry | undefined> = pieces.get(hash);
        found.onsuccess = () => {
          const entry = found.result;
          if (entry && entry.usedAt < usedAt) pieces.put({ ...entry, usedAt });
        };
      }
    });

  remove: Ledger['remove'] = (hash) => this.#write(PIECES, (pieces) => void pieces.delete(hash));

  document: Ledger['document'] = async (key) => {
    const found = await this.#read<StoredDocument | undefined>(DOCUMENTS, (documents) => documents.get(key));
    return found?.text;
  };

  keepDocument: Ledger['keepDocument'] = (key, text, savedAt) =>
    this.#write(DOCUMENTS, (documents) => {
      documents.put({ key, text, savedAt } satisfies StoredDocument);
      const oldestFirst = documents.index('savedAt').getAllKeys();
      oldestFirst.onsuccess = () => {
        for (const old of oldestFirst.result.slice(0, -MOST_DOCUMENTS)) documents.delete(old);
      };
    });

  clearDocuments: Ledger['clearDocuments'] = () =>
    this.#write(DOCUMENTS, (documents) => void documents.clear());

  async #read<T>(name: string, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const store = (await this.#open()).transaction(name).objectStore(name);
    return settled(ask(store));
  }

  async #write(name: string, change: (store: IDBObjectStore) => void): Promise<void> {
    const transaction = (await this.#open()).transaction(name, 'readwrite', { durability: 'relaxed' });
    change(transaction.objectStore(name));
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
  }

  #open(): Promise<IDBDatabase> {
    this.#database ??= this.#connect().catch((error) => {
      this.#database = undefined;
      throw error;
    });
    return this.#database;
  }

  async #connect(): Promise<IDBDatabase> {
    const request = this.#factory.open(this.#name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(PIECES, { keyPath: 'hash' });
      request.result.createObjectStore(DOCUMENTS, { keyPath: 'key' }).createIndex('savedAt', 'savedAt');
    };
    const database = await settled(request);
    // The person cleared the site's data, or a newer version of the page wants to change the tables.
    database.onclose = () => {
      this.#database = undefined;
    };
    database.onversionchange = () => {
      database.close();
      this.#database = undefined;
    };
    return database;
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
