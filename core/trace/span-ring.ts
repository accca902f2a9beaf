import type { Span } from './span.ts';
import { ROW, readRow, TEXT_COLUMNS, writeRow } from './span-row.ts';

/** Peers, providers and reasons; what no span names any more gives way. */
const MOST_TEXTS = 256;

/** The last spans of a device. Noting one writes eleven numbers into memory that is there already. */
export class SpanRing {
  readonly #capacity: number;
  readonly #rows: Float64Array;
  #texts = new Map<string, number>([['', 0]]);
  #noted = 0;
  /** Not before so many are noted is there anything to forget again. */
  #tidyFrom = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#rows = new Float64Array(capacity * ROW);
  }

  get size(): number {
    return Math.min(this.#noted, this.#capacity);
  }

  note(span: Span): void {
    // Never in the middle of a row, whose numbers would be those of before.
    if (this.#texts.size > MOST_TEXTS - TEXT_COLUMNS.length && this.#noted >= this.#tidyFrom) this.#tidy();
    writeRow(this.#rows, (this.#noted % this.#capacity) * ROW, span, this.#textOf);
    this.#noted++;
  }

  /** In the order in which they were noted. */
  spans(): Span[] {
    const texts = [...this.#texts.keys()];
    const first = this.#noted - this.size;
    return Array.from({ length: this.size }, (_, at) =>
      readRow(this.#rows, ((first + at) % this.#capacity) * ROW, texts),
    ).filter((span) => span !== undefined);
  }

  readonly #textOf = (text: string): number => {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= MOST_TEXTS) return 0;
    this.#texts.set(text, this.#texts.size);
    return this.#texts.size - 1;
  };

  /** Forgets the texts that no span names. */
  #tidy(): void {
    const before = [...this.#texts.keys()];
    const texts = new Map<string, number>([['', 0]]);
    for (let row = 0; row < this.size; row++) {
      for (const column of TEXT_COLUMNS) {
        const at = row * ROW + column;
        const text = before[this.#rows[at] ?? 0] ?? '';
        if (!texts.has(text)) texts.set(text, texts.size);
        this.#rows[at] = texts.get(text) ?? 0;
      }
    }
    this.#texts = texts;
    this.#tidyFrom = this.#noted + this.#capacity / 4;
  }
}
