import type { Tables } from './tables.ts';

export interface PeriodBound {
  readonly boundMs: number;
  /** Per device, with sum 1: what a stage on it is worth, as far as this relaxation can tell. */
  readonly prices: Float64Array;
}

const ROUNDS = 400;
/** How far weights and prices move in the first round, relatively. */
const FIRST_STEP = 0.5;

/**
 * A period that no plan can beat, replicas or not: the best of the linear relaxation in which any part of each block
 * may be done anywhere that has memory for that part. For any weights of the devices with sum 1 and any prices of
 * their memory, `sum over blocks of min over devices of (weight * time + price * bytes) - sum of price * memory` is such
 * a bound; weights and prices are improved round by round. O(rounds * devices * blocks).
 */
export function periodBound(tables: Tables): PeriodBound {
  const { count, blocks, room } = tables;
  const times = room.devices.map((_, device) => leastTimes(tables, device));
  const bytes = Float64Array.from(room.blocks, ({ weightBytes }) => weightBytes);
  const memory = Float64Array.from(room.devices, ({ memoryBytes }) => Math.max(1, memoryBytes));
  const weights = Float64Array.from(times, (row) => 1 / whole(row));
  /** Of all memory of each device together. */
  const prices = new Float64Array(count);
  const load = new Float64Array(count);
  const held = new Float64Array(count);
  let best: PeriodBound = { boundMs: 0, prices: new Float64Array(count).fill(1 / count) };
  for (let round = 0; round < ROUNDS; round++) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    load.fill(0);
    held.fill(0);
    let bound = -prices.reduce((sum, price) => sum + price, 0);
    for (let block = 0; block < blocks; block++) {
      let least = Infinity;
      let doer = -1;
      for (let device = 0; device < count; device++) {
        const time = ((weights[device] ?? 0) / total) * (times[device]?.[block] ?? Infinity);
        const cost = time + ((prices[device] ?? 0) * (bytes[block] ?? 0)) / (memory[device] ?? 1);
        if (cost >= least) continue;
        least = cost;
        doer = device;
      }
      // Nobody may hold it: there is no plan.
      if (doer < 0) return { boundMs: Infinity, prices };
      bound += least;
      load[doer] = (load[doer] ?? 0) + (times[doer]?.[block] ?? 0);
      held[doer] = (held[doer] ?? 0) + (bytes[block] ?? 0);
    }
    if (bound > best.boundMs) {
      const worth = weights.map((weight, device) => (weight / total) * bound + (prices[device] ?? 0));
      const all = worth.reduce((sum, each) => sum + each, 0);
      best = { boundMs: bound, prices: worth.map((each) => each / all) };
    }
    // Busy devices become dearer, and full memory; in ever smaller steps.
    const step = FIRST_STEP / Math.sqrt(1 + round);
    const most = load.reduce((a, b) => Math.max(a, b), 0);
    if (most === 0) break;
    for (let device = 0; device < count; device++) {
      weights[device] = (weights[device] ?? 0) * Math.exp((step * (load[device] ?? 0)) / most);
      const over = Math.min(1, (held[device] ?? 0) / (memory[device] ?? 1) - 1);
      prices[device] = Math.max(0, (prices[device] ?? 0) + (step * over * best.boundMs) / count);
    }
  }
  return best;
}

/** What each block keeps a device busy at least, whatever else it holds; Infinity where it may not hold it. */
function leastTimes(
  { room, blocks, blockMs, perItemMs, latest, homeDevice, packInMs, packOutMs }: Tables,
  device: number,
): Float64Array {
  const row = device * (blocks + 1);
  return Float64Array.from({ length: blocks }, (_, block) => {
    const isEnd = block === 0 || block === blocks - 1;
    const fits = (latest[device]?.[block] ?? block) > block;
    if (!fits || (room.endsAtHome && isEnd && device !== homeDevice)) return Infinity;
    const input = block === 0 && device !== homeDevice ? (packInMs[row] ?? 0) : 0;
    const result = block === blocks - 1 && device !== homeDevice ? (packOutMs[row + blocks] ?? 0) : 0;
    return (blockMs[device]?.[block] ?? Infinity) + (perItemMs[device] ?? 0) / blocks + input + result;
  });
}

/** Of the blocks that a device can hold. */
function whole(times: Float64Array): number {
  return times.reduce((sum, ms) => (ms < Infinity ? sum + ms : sum), 0) || 1;
}
