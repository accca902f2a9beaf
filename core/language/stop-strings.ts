/** What can be shown of a text so far, and whether it has ended. */
export interface Shown {
  readonly text: string;
  readonly stopped: boolean;
}

/**
 * Ends a text that arrives in pieces before the first of some strings. What might be the beginning of one is held back
 * until the next piece tells, so nobody sees half of it.
 */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = '';
  #stopped = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '');
  }

  /** Text that may be shown, now that this piece has come; nothing any more once the text has ended. */
  push(piece: string): Shown {
    if (this.#stopped) return { text: '', stopped: true };
    const all = this.#held + piece;
    const end = firstStop(all, this.#stops);
    if (end !== undefined) {
      this.#stopped = true;
      this.#held = '';
      return { text: all.slice(0, end), stopped: true };
    }
    const held = Math.max(0, ...this.#stops.map((stop) => overlap(all, stop)));
    this.#held = all.slice(all.length - held);
    return { text: all.slice(0, all.length - held), stopped: false };
  }

  /** What was held back, when no further piece comes. */
  end(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }
}

/** Where the stop string begins that is complete first; the longest, if several are at once. */
function firstStop(text: string, stops: readonly string[]): number | undefined {
  const found = stops.flatMap((stop) => {
    const start = text.indexOf(stop);
    return start < 0 ? [] : [{ start, end: start + stop.length }];
  });
  return found.sort((a, b) => a.end - b.end || a.start - b.start)[0]?.start;
}

/** The longest end of `text` with which `stop` begins. */
function overlap(text: string, stop: string): number {
  for (let size = Math.min(text.length, stop.length - 1); size > 0; size--) {
    if (text.endsWith(stop.slice(0, size))) return size;
  }
  return 0;
}
