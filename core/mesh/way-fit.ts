/** One message on its way: its size, and the time from `send` at one page until it is whole at the other. */
export interface WaySample {
  readonly bytes: number;
  readonly ms: number;
}

/** What a message takes from one page to another: `delayMs + bytes * msPerByte`, the work of both pages included. */
export interface Way {
  readonly delayMs: number;
  readonly msPerByte: number;
}

interface Weighted extends WaySample {
  readonly weight: number;
}

/** A way to stay close to where the samples leave a choice, as when they all have one size. */
interface Prior {
  readonly way: Way;
  readonly weight: number;
}

/** Clocks in browsers tick every 0.1 ms: no way is told to be shorter. */
const LEAST_DELAY_MS = 0.1;
/** 10 Gbit/s: more than any page can pack; keeps the bandwidth finite. */
const LEAST_MS_PER_BYTE = 8e-7;
/**
 * Logarithms. Samples off by less than their spread are averaged, and by at least this much; those further off count
 * by their side (Huber), and those three times as far not at all. The mean, since the times of a request add up: on a
 * device that is slowed by turns, half of the messages take four times as long as the others.
 */
const LEAST_SPREAD = 0.15;
/** Weights of samples settle within a few turns; on two dozen samples each costs nothing. */
const TURNS = 8;
/**
 * Of one sample: the prior decides what the samples leave open, and what only their noise would decide, such as the
 * bandwidth by messages of nearly one size; it hardly holds back a change to five times the time.
 */
const PRIOR_WEIGHT = 3e-3;

/** The line through the middle of each size. */
export function fitWay(samples: readonly WaySample[]): Way {
  const sizes = new Set(samples.map(({ bytes }) => bytes));
  const middles = [...sizes].map((bytes) => {
    const ms = midmean(samples.filter((sample) => sample.bytes === bytes).map((sample) => sample.ms));
    return { bytes, ms, weight: 1 / Math.max(ms, LEAST_DELAY_MS) };
  });
  return solve(middles);
}

/** Below this a message is over before its channel has found its pace. */
const LARGE_BYTES = 128 * 1024;

/**
 * What a byte takes once a channel has found its pace, as while messages follow each other: what the largest messages
 * take longer than the next smaller ones. Undefined without two sizes of large ones.
 */
export function steadyOf(samples: readonly WaySample[]): number | undefined {
  const large = [...new Set(samples.map(({ bytes }) => bytes))].filter((bytes) => bytes >= LARGE_BYTES);
  const [most, next] = large.sort((a, b) => b - a);
  if (most === undefined || next === undefined) return undefined;
  const least = (size: number): number =>
    Math.min(...samples.filter(({ bytes }) => bytes === size).map(({ ms }) => ms));
  return Math.max(LEAST_MS_PER_BYTE, (least(most) - least(next)) / (most - next));
}

/**
 * The way that the samples tell of, robust against single ones that are far off. What they leave open is taken from
 * `before`: with one size only, the larger part of the time there takes the larger part of the change.
 */
export function followWay(before: Way, samples: readonly WaySample[]): Way {
  let way = before;
  for (let turn = 0; turn < TURNS; turn++) {
    const spread = Math.max(LEAST_SPREAD, spreadOf(way, samples));
    const weighted = samples.map((sample) => {
      const expected = msOf(way, sample.bytes);
      const off = Math.abs(Math.log(sample.ms / expected)) / spread;
      return { ...sample, weight: (off > 3 ? 0 : 1 / Math.max(1, off)) / expected };
    });
    const ms = weighted.reduce((sum, { bytes }) => sum + msOf(way, bytes), 0) / samples.length;
    way = solve(weighted, { way: before, weight: PRIOR_WEIGHT * ms });
  }
  return way;
}

/** How far samples usually are from a way, as a logarithm: a quarter more than three quarters of them at most. */
export function spreadOf(way: Way, samples: readonly WaySample[]): number {
  const off = samples.map(({ bytes, ms }) => Math.abs(Math.log(ms / msOf(way, bytes))));
  off.sort((a, b) => a - b);
  return 1.25 * (off[Math.floor(0.75 * (off.length - 1))] ?? 0);
}

export function msOf({ delayMs, msPerByte }: Way, bytes: number): number {
  return delayMs + bytes * msPerByte;
}

/** Messages of one class fare alike: each is four times as large as those of the class before. */
export function sizeClass(bytes: number): number {
  return Math.floor(Math.log2(bytes + 1) / 2);
}

/** The mean of what is left when the lowest and the highest quarter are taken off. */
export function midmean(values: readonly number[]): number {
  const quarter = Math.floor((values.length + 1) / 4);
  const middle = values.toSorted((a, b) => a - b).slice(quarter, values.length - quarter);
  return middle.reduce((sum, value) => sum + value, 0) / Math.max(1, middle.length);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/**
 * Least squares by the normal equations of the two unknowns. Callers divide weights by the time, as if the variance
 * grew with it: between absolute errors, under which small messages would not count, and relative ones, which forgive
 * predictions that are far too low.
 */
function solve(samples: readonly Weighted[], prior?: Prior): Way {
  let [dd, dp, pp, d, p] = [0, 0, 0, 0, 0];
  const add = (delay: number, perByte: number, wanted: number, weight: number): void => {
    dd += weight * delay * delay;
    dp += weight * delay * perByte;
    pp += weight * perByte * perByte;
    d += weight * delay * wanted;
    p += weight * perByte * wanted;
  };
  for (const { bytes, ms, weight } of samples) add(1, bytes, ms, weight);
  if (prior) {
    add(1 / prior.way.delayMs, 0, 1, prior.weight);
    add(0, 1 / prior.way.msPerByte, 1, prior.weight);
  }
  const determinant = dd * pp - dp * dp;
  const msPerByte = determinant > 1e-12 * dd * pp ? (dd * p - dp * d) / determinant : 0;
  const delayMs = (d - dp * msPerByte) / dd;
  // The best line may lie below one of the floors: then that one holds, and the other unknown alone is fitted.
  if (msPerByte < LEAST_MS_PER_BYTE) {
    return {
      delayMs: Math.max(LEAST_DELAY_MS, (d - dp * LEAST_MS_PER_BYTE) / dd),
      msPerByte: LEAST_MS_PER_BYTE,
    };
  }
  if (delayMs >= LEAST_DELAY_MS) return { delayMs, msPerByte };
  return {
    delayMs: LEAST_DELAY_MS,
    msPerByte: Math.max(LEAST_MS_PER_BYTE, (p - dp * LEAST_DELAY_MS) / pp),
  };
}
