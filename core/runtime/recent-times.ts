/** Enough that one slow item does not move the median, few enough that a change shows within a handful of items. */
const KEPT = 5;

/** The last few times of something that happens again and again, in ms. */
export class RecentTimes {
  #times: number[] = [];
  #count = 0;

  add(ms: number): void {
    this.#times = [...this.#times, ms].slice(-KEPT);
    this.#count += 1;
  }

  /** All that were ever added. */
  get count(): number {
    return this.#count;
  }

  /** Null before the first. */
  get median(): number | null {
    const sorted = this.#times.toSorted((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? null;
  }
}
