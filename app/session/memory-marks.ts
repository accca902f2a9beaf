/** What survives the page: localStorage, or its twin in tests. */
export type Slots = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

export interface MarksOptions {
  readonly slots: Slots;
  /** This page, different from all others that ever were. */
  readonly page: string;
  /** Whether the page that made a mark is still there, in another tab. */
  readonly lives: (page: string) => Promise<boolean>;
}

/** A load under way, by the page that it may end. */
interface Mark {
  readonly page: string;
  readonly load: number;
  readonly bytes: number;
}

/** Loads below this are not what ends a page. */
const LEAST_BYTES = 64e6;
/** The budget after a page died in a load, as a part of what that load could have taken. */
const AFTER_DEATH = 0.7;
/** And after a load that came this close to the budget and succeeded. */
const CLOSE = 0.8;
const AFTER_SUCCESS = 1.1;

const MARKS = 'potluck:loading';
const LIMIT = 'potluck:memory-limit';

/**
 * Remembers loads under way in a place that outlives the page. Phones end a page that takes too much memory
 * without a word (facts.md C): a mark that nobody took away tells the next visit, which then takes less.
 * Storage that is full, forbidden or damaged counts as no memory of earlier visits.
 */
export class MemoryMarks {
  readonly #options: MarksOptions;
  #loads = 0;

  constructor(options: MarksOptions) {
    this.#options = options;
  }

  /** The budget that earlier visits taught, in bytes; null where none of them failed. Takes the marks of the dead away. */
  async limit(): Promise<number | null> {
    for (const mark of this.#marks()) {
      if (mark.page === this.#options.page || (await this.#options.lives(mark.page))) continue;
      this.#remove(mark);
      this.#write(LIMIT, Math.min(this.#limit() ?? Number.POSITIVE_INFINITY, mark.bytes * AFTER_DEATH));
    }
    return this.#limit();
  }

  /** A load begins that may take its worker to `bytes`. The caller says how it ended, whatever the outcome. */
  begin(bytes: number): (outcome: 'ready' | 'failed') => void {
    if (bytes < LEAST_BYTES) return () => undefined;
    const mark = { page: this.#options.page, load: this.#loads++, bytes };
    this.#write(MARKS, [...this.#marks(), mark]);
    return (outcome) => {
      this.#remove(mark);
      const limit = this.#limit();
      if (outcome === 'ready' && limit !== null && bytes >= limit * CLOSE) {
        this.#write(LIMIT, limit * AFTER_SUCCESS);
      }
    };
  }

  /** The page leaves in the ordinary way: what it was loading is not to blame. */
  leave(): void {
    for (const mark of this.#marks()) if (mark.page === this.#options.page) this.#remove(mark);
  }

  #remove({ page, load }: Mark): void {
    const others = this.#marks().filter((mark) => mark.page !== page || mark.load !== load);
    this.#write(MARKS, others);
  }

  #limit(): number | null {
    const limit = this.#read(LIMIT);
    return typeof limit === 'number' && limit > 0 ? limit : null;
  }

  #marks(): Mark[] {
    const marks = this.#read(MARKS);
    return Array.isArray(marks) ? marks.filter(isMark) : [];
  }

  #read(slot: string): unknown {
    try {
      return JSON.parse(this.#options.slots.getItem(slot) ?? 'null');
    } catch {
      return null;
    }
  }

  #write(slot: string, value: number | readonly Mark[]): void {
    try {
      if (typeof value !== 'number' && value.length === 0) this.#options.slots.removeItem(slot);
      else this.#options.slots.setItem(slot, JSON.stringify(value));
    } catch {
      // Then a death is not noticed, as before.
    }
  }
}

function isMark(mark: unknown): mark is Mark {
  const { page, load, bytes } = (mark ?? {}) as Partial<Mark>;
  return typeof page === 'string' && typeof load === 'number' && typeof bytes === 'number' && bytes > 0;
}
