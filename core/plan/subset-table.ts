import type { Costs } from './costs.ts';
import type { PlannedStage } from './room.ts';
import { type Aim, addStage, entryMs, hopMs } from './stage-step.ts';

/** Sets of devices are bit masks over their positions in `devices`. */
export interface SubsetTable {
  readonly devices: readonly number[];
  /** The least value over all plans that use exactly an accepted set; undefined when there is none. */
  best(accept: (set: number) => boolean): { readonly set: number; readonly value: number } | undefined;
  /** The stages of the best plan of exactly this set, which must have one. */
  stages(set: number): PlannedStage[];
}

/**
 * Every best plan over any order of every subset of `devices`: recurrence (b) of PipeEdge's kind
 * (arXiv 2110.14895) with sums, or with the largest stage. O(2^n n (L² + n L)) time, O(2^n n L) memory:
 * 10 MB for 10 devices and 96 blocks, and twice that for each device more.
 *
 * One row of length L + 1 for each set S and device d. Where d is in S: blocks [0, j) are done by S, d last.
 * Where d is not in S: they are done by S and the activation has been delivered to d.
 */
export function subsetTable(costs: Costs, aim: Aim, devices: readonly number[]): SubsetTable {
  const { blocks, home } = costs;
  const count = devices.length;
  const width = blocks + 1;
  const table = new Float64Array(count * width * 2 ** count).fill(Infinity);
  /** Where d is in S: the block its stage begins with. Else: the position of the device that delivered. */
  const origin = new Uint16Array(table.length);
  const rowOf = (set: number, position: number): number => (set * count + position) * width;

  const deliver = (set: number, position: number, device: number): void => {
    const to = rowOf(set, position);
    if (set === 0) table[to] = entryMs(costs, aim, device);
    devices.forEach((sender, senderPosition) => {
      if ((set & (1 << senderPosition)) === 0) return;
      const from = rowOf(set, senderPosition);
      for (let boundary = 1; boundary < blocks; boundary++) {
        const time = (table[from + boundary] ?? Infinity) + hopMs(costs, aim, sender, device, boundary);
        if (time < (table[to + boundary] ?? Infinity)) {
          table[to + boundary] = time;
          origin[to + boundary] = senderPosition;
        }
      }
    });
  };

  for (let set = 0; set < 2 ** count; set++) {
    devices.forEach((device, position) => {
      if (set & (1 << position)) return;
      deliver(set, position, device);
      const from = rowOf(set, position);
      const to = rowOf(set | (1 << position), position);
      const arrived = table.subarray(from, from + width);
      addStage(costs, aim, device, arrived, table.subarray(to, to + width), origin.subarray(to, to + width));
    });
  }

  const finish = (set: number, position: number, device: number): number =>
    set & (1 << position)
      ? (table[rowOf(set, position) + blocks] ?? Infinity) + hopMs(costs, aim, device, home, blocks)
      : Infinity;

  return {
    devices,
    best(accept) {
      let best: { set: number; value: number } | undefined;
      for (let set = 1; set < 2 ** count; set++) {
        if (!accept(set)) continue;
        const value = Math.min(...devices.map((device, position) => finish(set, position, device)));
        if (value < (best?.value ?? Infinity)) best = { set, value };
      }
      return best;
    },
    stages(set) {
      const finishes = devices.map((device, position) => finish(set, position, device));
      let position = finishes.indexOf(Math.min(...finishes));
      const stages: PlannedStage[] = [];
      let end = blocks;
      for (let left = set; left !== 0; ) {
        const start = origin[rowOf(left, position) + end] ?? 0;
        stages.unshift({ device: costs.devices[devices[position] ?? -1]?.id ?? '', start, end });
        left &= ~(1 << position);
        position = origin[rowOf(left, position) + start] ?? 0;
        end = start;
      }
      return stages;
    },
  };
}
