import type { Grouped } from './group-cost.ts';
import type { Tables } from './tables.ts';

/** A device that takes no time at all would have no rate. */
const LEAST_MS = 1e-9;

/**
 * The best way to cut blocks and an order of devices into stages, each held by a run of the order: (e) of the
 * partition problem, as PipeDream does it (arXiv 1806.03377) for devices of unlike speed. What the links take is left
 * to be judged after. A device that a run's blocks do not fit holds nothing. O(n² L²).
 */
export function groupedInOrder(tables: Tables, order: readonly number[]): Grouped | undefined {
  const { blocks, blockMs, latest, packInMs, packOutMs, perItemMs } = tables;
  const count = order.length;
  const width = blocks + 1;
  /** By devices * width + blocks done: the least period. */
  const least = new Float64Array((count + 1) * width).fill(Infinity);
  const origin = new Int32Array(least.length).fill(-1);
  for (let used = 0; used <= count; used++) least[used * width] = 0;
  const rates = new Float64Array(count + 1);
  const workMs = new Float64Array(count);
  for (let end = 1; end <= blocks; end++) {
    workMs.fill(0);
    for (let start = end - 1; start >= 0; start--) {
      order.forEach((device, at) => {
        const row = device * width;
        const fits = (latest[device]?.[start] ?? start) >= end;
        const ms = (workMs[at] ?? 0) + (blockMs[device]?.[start] ?? Infinity);
        workMs[at] = ms;
        const busy =
          ms + (perItemMs[device] ?? 0) + (packInMs[row + start] ?? 0) + (packOutMs[row + end] ?? 0);
        rates[at + 1] = (rates[at] ?? 0) + (fits ? 1 / Math.max(busy, LEAST_MS) : 0);
      });
      for (let used = 1; used <= count; used++) {
        for (let before = 0; before < used; before++) {
          const rate = (rates[used] ?? 0) - (rates[before] ?? 0);
          const period = Math.max(least[before * width + start] ?? Infinity, 1 / rate);
          if (!(period < (least[used * width + end] ?? Infinity))) continue;
          least[used * width + end] = period;
          origin[used * width + end] = before * width + start;
        }
      }
    }
  }
  let used = 0;
  for (let more = 1; more <= count; more++) {
    if ((least[more * width + blocks] ?? 0) < (least[used * width + blocks] ?? 0)) used = more;
  }
  if (used === 0) return undefined;
  const groups: number[][] = [];
  const ends: number[] = [];
  for (let cell = used * width + blocks; cell % width > 0; cell = origin[cell] ?? 0) {
    const before = origin[cell] ?? 0;
    const start = before % width;
    const end = cell % width;
    const run = order.slice(Math.floor(before / width), Math.floor(cell / width));
    groups.unshift(run.filter((device) => (latest[device]?.[start] ?? start) >= end));
    ends.unshift(end);
  }
  return { groups, ends };
}
