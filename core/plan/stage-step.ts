import type { Costs } from './costs.ts';

/** What a recurrence minimises: the sum of all times, or the largest time of a stage. */
export type Aim = 'latency' | 'largest-stage';

/**
 * The step that all recurrences share, one more stage on `device`: for each boundary j
 * `done[j] = min over i of arrived[i] + T(i, j)`, or the larger of the two, and `from[j]` = that i. O(blocks²).
 * All arrays have length blocks + 1; a boundary that cannot be reached holds Infinity.
 */
export function addStage(
  costs: Costs,
  aim: Aim,
  device: number,
  arrived: Float64Array,
  done: Float64Array,
  from: Uint16Array,
): void {
  done[0] = Infinity;
  for (let end = 1; end <= costs.blocks; end++) addStageUpTo(end, costs, aim, device, arrived, done, from);
}

/** {@link addStage} for the one boundary `end`; reads `arrived` before it only. */
export function addStageUpTo(
  end: number,
  costs: Costs,
  aim: Aim,
  device: number,
  arrived: Float64Array,
  done: Float64Array,
  from: Uint16Array,
): void {
  const sums = costs.prefixMs[device] ?? arrived;
  const until = sums[end] ?? 0;
  let best = Infinity;
  let bestStart = 0;
  for (let start = costs.earliest[device]?.[end] ?? end; start < end; start++) {
    const before = arrived[start] ?? Infinity;
    const stage = until - (sums[start] ?? 0);
    const time = aim === 'latency' ? before + stage : Math.max(before, stage);
    if (time < best) {
      best = time;
      bestStart = start;
    }
  }
  done[end] = aim === 'latency' ? best + costs.tieMs : best;
  from[end] = bestStart;
}

/** From the end of block `boundary` on one device until its bytes are on the other; Infinity if they cannot talk. */
export function hopMs(costs: Costs, aim: Aim, from: number, to: number, boundary: number): number {
  const pair = from * (costs.home + 1) + to;
  const delay = costs.delayMs[pair] ?? Infinity;
  if (aim === 'largest-stage') return delay < Infinity ? 0 : Infinity;
  return delay + (costs.bytes[boundary] ?? 0) * (costs.byteMs[pair] ?? 0);
}

/** The first hop of a plan: from home, with the price that makes a start at home win ties. */
export function entryMs(costs: Costs, aim: Aim, device: number): number {
  const away = aim === 'latency' && device !== costs.homeDevice ? costs.tieMs / 2 : 0;
  return hopMs(costs, aim, costs.home, device, 0) + away;
}
