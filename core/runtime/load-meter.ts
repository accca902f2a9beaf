/** How many of the last items the median time per item is taken over. */
const RECENT = 15;

/** Counts the time a device spends computing. All times in ms of one clock. */
export class LoadMeter {
  #busyMs = 0;
  #startedAt: number | undefined;
  #items = 0;
  #recent: number[] = [];
  #sample = { at: 0, busyMs: 0 };

  started(at: number): void {
    this.#startedAt = at;
  }

  /** A run of `items` together is over. */
  finished(at: number, computeMs: number, items = 1): void {
    if (this.#startedAt !== undefined) this.#busyMs += at - this.#startedAt;
    this.#startedAt = undefined;
    this.#items += items;
    this.#recent = [...this.#recent, computeMs / items].slice(-RECENT);
  }

  /** A run that failed counts as time, not as an item. */
  failed(at: number): void {
    if (this.#startedAt !== undefined) this.#busyMs += at - this.#startedAt;
    this.#startedAt = undefined;
  }

  /** Forgets the times of the stage before: they say nothing of the next. */
  stageChanged(): void {
    this.#recent = [];
  }

  /** Share of the time since the last sample spent computing, a run under way included. */
  sample(at: number): { busy: number; busyMs: number; items: number; msPerItem: number | null } {
    const busyMs = this.#busyMs + (this.#startedAt === undefined ? 0 : at - this.#startedAt);
    const span = at - this.#sample.at;
    const busy = span > 0 ? Math.min(1, Math.max(0, (busyMs - this.#sample.busyMs) / span)) : 0;
    this.#sample = { at, busyMs };
    const sorted = this.#recent.toSorted((a, b) => a - b);
    return { busy, busyMs, items: this.#items, msPerItem: sorted[sorted.length >> 1] ?? null };
  }
}
