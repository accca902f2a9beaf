import type { DeviceTimes } from '../plan/profile.ts';
import type { MeasuredParts } from './part-timer.ts';

/** Blocks [start, end) that a device timed in one piece. */
export interface TimedRange {
  readonly start: number;
  readonly end: number;
}

/** Times closer to nothing than browsers' clocks tell. */
const LEAST_MS = 0.01;
/** A device may claim anything; slower than this it is of no use to any plan, and sums stay finite. */
const MOST_MS = 1e7;
/** The same for how far its times vary. */
const MOST_SPREAD = 1000;

/**
 * A device's block times from the parts that it timed: within a part, and around it up to the middle of the way to the
 * next, blocks relate to each other as on the device that measured each. Null when no part was timed.
 */
export function deviceTimes(
  { ms, perItemMs, spread }: MeasuredParts,
  ranges: readonly TimedRange[],
  referenceMs: readonly number[],
): DeviceTimes | null {
  const ratios = ranges.flatMap(({ start, end }, at) => {
    const own = ms[at];
    const reference = referenceMs.slice(start, end).reduce((sum, each) => sum + each, 0);
    if (own === null || own === undefined) return [];
    return [{ middle: (start + end) / 2, start, end, ratio: bounded(own) / Math.max(reference, LEAST_MS) }];
  });
  if (ratios.length === 0) return null;
  const ratioOf = (block: number): number => {
    const at = block + 0.5;
    const inside = ratios.find(({ start, end }) => start <= block && block < end);
    const nearest = ratios.reduce((a, b) => (Math.abs(b.middle - at) < Math.abs(a.middle - at) ? b : a));
    return (inside ?? nearest).ratio;
  };
  return {
    blockMs: referenceMs.map((each, block) => each * ratioOf(block)),
    perItemMs: Math.min(perItemMs, MOST_MS),
    timed: referenceMs.map((_, block) => ratios.some(({ start, end }) => start <= block && block < end)),
    spread: { low: Math.min(spread.low, 1), high: Math.min(Math.max(spread.high, 1), MOST_SPREAD) },
  };
}

function bounded(ms: number): number {
  return Math.min(Math.max(ms, LEAST_MS), MOST_MS);
}

/** As many parts as show where a device is quick and where slow, and take a slow one a few seconds. */
const PARTS = 4;
/** A part's weights at most: stand-ins of a large part would take longer to load than they tell. */
const MOST_BYTES = 64e6;

/**
 * Parts that together cover the model, about equal in time; of too large ones the piece that takes longest. They meet
 * where few bytes cross: what a run copies in and out takes time too, which is that of no block. `boundaryBytes` as in
 * a calibration: the input, after each block, the result last.
 */
export function rangesToTime(
  blockMs: readonly number[],
  blockBytes: readonly number[],
  boundaryBytes: readonly number[],
): readonly TimedRange[] {
  const count = blockMs.length;
  const parts = Math.min(PARTS, count);
  const ends = [0];
  for (const ms of blockMs) ends.push((ends.at(-1) ?? 0) + ms);
  const share = (ends.at(-1) ?? 0) / parts;
  const cuts = [0];
  for (let part = 1; part < parts; part++) {
    const least = (cuts.at(-1) ?? 0) + 1;
    const free = Array.from({ length: count - (parts - part) - least + 1 }, (_, at) => least + at);
    const off = (at: number): number => Math.abs((ends[at] ?? 0) - share * part);
    const near = free.filter((at) => off(at) < share / 2);
    const nearest = free.reduce((best, at) => (off(at) < off(best) ? at : best), least);
    const bytes = (at: number): number => boundaryBytes[at] ?? 0;
    cuts.push(near.reduce((best, at) => (bytes(at) < bytes(best) ? at : best), nearest));
  }
  return cuts.map((start, at) => longestPiece({ start, end: cuts[at + 1] ?? count }, ends, blockBytes));
}

/**
 * The piece of a part that takes longest of those small enough; of one whose blocks are all too large, the first. A
 * table of words, large and hardly read, tells nothing of how quick a device is. `ends`: the time up to each block.
 */
function longestPiece(part: TimedRange, ends: readonly number[], blockBytes: readonly number[]): TimedRange {
  const msOf = ({ start, end }: TimedRange): number => (ends[end] ?? 0) - (ends[start] ?? 0);
  let best: TimedRange | undefined;
  let [start, bytes] = [part.start, 0];
  for (let end = part.start; end < part.end; end++) {
    bytes += blockBytes[end] ?? 0;
    for (; bytes > MOST_BYTES; start++) bytes -= blockBytes[start] ?? 0;
    const piece = { start, end: end + 1 };
    // A piece only grows in time as it grows in blocks.
    if (start <= end && (!best || msOf(piece) >= msOf(best))) best = piece;
  }
  return best ?? { start: part.start, end: part.start + 1 };
}
