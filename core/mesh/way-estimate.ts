import {
  fitWay,
  followWay,
  msOf,
  sizeClass,
  spreadOf,
  steadyOf,
  type Way,
  type WaySample,
} from './way-fit.ts';

/** As many samples as say what the way is like now: some seconds of busy traffic. */
const KEPT = 24;
/** Fewer might be outliers, so they do not count yet. */
const LEAST = 4;
/**
 * A cumulative sum (Page 1954) of how far samples are off, as logarithms, tells a change from jitter: what is off by
 * less than the slack, or than samples usually are, never adds up; one outlier is cut to less than half the limit; three
 * samples that take twice as long as usual pass it.
 */
const LEAST_SLACK = 0.25;
const LARGEST_STEP = 0.55;
const LIMIT = 1.2;
/** Older traffic says less than probes that have just been done. */
const STALE_MS = 60_000;
/** Sizes by which two ways are compared: an answer, and a large activation. */
const COMPARED_BYTES: readonly number[] = [4 * 1024, 256 * 1024];

interface Used extends WaySample {
  readonly at: number;
}

/** How a message fares in one direction of a link: probes give the line, the traffic itself corrects it. */
export class WayEstimate {
  #base: Way | undefined;
  #steady: number | undefined;
  #way: Way | undefined;
  #used: Used[] = [];
  /** By class of sizes: another bandwidth shows in large messages only. */
  readonly #drifts = new Map<number, Drift>();

  /** Undefined before anything was measured. */
  get way(): Way | undefined {
    return this.#way;
  }

  /**
   * What a byte takes while messages follow each other; undefined before large ones were tried. Never more than it adds
   * to a message alone: traffic that has become slower has so in both.
   */
  get steadyMsPerByte(): number | undefined {
    const { msPerByte } = this.#way ?? {};
    return this.#steady === undefined || msPerByte === undefined
      ? undefined
      : Math.min(this.#steady, msPerByte);
  }

  /** Probes of several sizes through the idle link. */
  probed(now: number, samples: readonly WaySample[]): void {
    if (samples.length === 0) return;
    this.#base = fitWay(samples);
    this.#steady = steadyOf(samples) ?? this.#steady;
    this.#used = this.#used.filter(({ at }) => now - at <= STALE_MS);
    this.#settle();
  }

  /** A message of the traffic took `ms`; a tiny one would take `tinyMs`. */
  used(now: number, { bytes, ms }: WaySample, tinyMs: number): void {
    if (!(bytes > 0 && ms > 0)) return;
    if (!this.#way) {
      const delayMs = Math.min(tinyMs, ms / 2);
      this.#way = fitWay([
        { bytes: 0, ms: delayMs },
        { bytes, ms },
      ]);
      this.#base = this.#way;
    }
    const usual = this.#used.length >= LEAST ? spreadOf(this.#way, this.#used) : 0;
    this.#used.push({ at: now, bytes, ms });
    if (this.#used.length > KEPT) this.#used.shift();
    const off = Math.log(ms / msOf(this.#way, bytes));
    const since = this.#drift(bytes).add(now, off, Math.max(LEAST_SLACK, usual));
    if (since !== undefined) {
      this.#used = this.#used.filter(({ at }) => at >= since);
      this.#drifts.clear();
      this.#base = followWay(this.#way, this.#used);
      this.#way = this.#base;
    } else this.#settle();
  }

  #drift(bytes: number): Drift {
    const drift = this.#drifts.get(sizeClass(bytes)) ?? new Drift();
    this.#drifts.set(sizeClass(bytes), drift);
    return drift;
  }

  #settle(): void {
    if (!this.#base) return;
    this.#way = this.#used.length >= LEAST ? followWay(this.#base, this.#used) : this.#base;
  }
}

/** True when any of the sizes in use would take a longer or shorter time by more than a `share` of it. */
export function differs(a: Way, b: Way, share: number): boolean {
  return COMPARED_BYTES.some((bytes) => {
    const [one, other] = [msOf(a, bytes), msOf(b, bytes)];
    return Math.abs(one - other) > share * Math.min(one, other) + SMALL_MS;
  });
}

/** Half a millisecond more or less is the scheduling of two pages, and decides no plan. */
const SMALL_MS = 0.5;

/** Adds up how far samples are off, to either side. */
class Drift {
  #slower: Sum = { sum: 0, since: 0 };
  #faster: Sum = { sum: 0, since: 0 };

  /** Returns since when the way has been another one, once that is certain. */
  add(now: number, off: number, slack: number): number | undefined {
    this.#slower = added(this.#slower, now, off - slack);
    this.#faster = added(this.#faster, now, -off - slack);
    return [this.#slower, this.#faster].find(({ sum }) => sum > LIMIT)?.since;
  }
}

interface Sum {
  readonly sum: number;
  readonly since: number;
}

function added({ sum, since }: Sum, now: number, step: number): Sum {
  return {
    sum: Math.max(0, sum + Math.min(step, LARGEST_STEP)),
    since: sum > 0 ? since : now,
  };
}
