import type { Costs } from './costs.ts';
import type { PlannedStage } from './room.ts';
import { type Aim, addStage, entryMs, hopMs } from './stage-step.ts';

export interface OrderedPlan {
  readonly value: number;
  readonly stages: readonly PlannedStage[];
}

/**
 * The best plan that keeps the order of `devices`: recurrence (a). With `all`, each of them holds a stage; else
 * any may be skipped. O(n L² + n² L). Undefined when no such plan is possible.
 */
export function bestInOrder(
  costs: Costs,
  aim: Aim,
  devices: readonly number[],
  all: boolean,
): OrderedPlan | undefined {
  const { blocks, home } = costs;
  const rows: { device: number; done: Float64Array; from: Uint16Array; sender: Int16Array }[] = [];
  for (const device of devices) {
    const arrived = new Float64Array(blocks + 1).fill(Infinity);
    const sender = new Int16Array(blocks + 1).fill(-1);
    if (!all || rows.length === 0) arrived[0] = entryMs(costs, aim, device);
    for (let at = all ? Math.max(0, rows.length - 1) : 0; at < rows.length; at++) {
      const before = rows[at];
      if (!before) continue;
      for (let boundary = 1; boundary < blocks; boundary++) {
        const time = (before.done[boundary] ?? Infinity) + hopMs(costs, aim, before.device, device, boundary);
        if (time >= (arrived[boundary] ?? Infinity)) continue;
        arrived[boundary] = time;
        sender[boundary] = at;
      }
    }
    const row = { device, done: new Float64Array(blocks + 1), from: new Uint16Array(blocks + 1), sender };
    addStage(costs, aim, device, arrived, row.done, row.from);
    rows.push(row);
  }
  const finishes = rows.map(({ device, done }, at) =>
    all && at < rows.length - 1
      ? Infinity
      : (done[blocks] ?? Infinity) + hopMs(costs, aim, device, home, blocks),
  );
  const value = Math.min(...finishes);
  if (value === Infinity) return undefined;
  const stages: PlannedStage[] = [];
  let end = blocks;
  for (let row = rows[finishes.indexOf(value)]; row; ) {
    const start = row.from[end] ?? 0;
    stages.unshift({ device: costs.devices[row.device]?.id ?? '', start, end });
    row = rows[row.sender[start] ?? -1];
    end = start;
  }
  return { value, stages };
}
