import type { Tables } from './tables.ts';

const ROUNDS = 300;

/**
 * A period that no plan can beat, replicas or not: the best of the linear relaxation in which any part of each block
 * may be done anywhere. For any weights z of the devices with sum 1, `sum over blocks of min over devices of z * time`
 * is such a bound; the weights are improved round by round. O(rounds * devices * blocks).
 */
export function periodBound(tables: Tables): number {
  const { count, blocks } = tables;
  const times = tables.room.devices.map((_, device) => leastTimes(tables, device));
  const weights = Float64Array.from(times, (row) => 1 / whole(row));
  const load = new Float64Array(count);
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    load.fill(0);
    let bound = 0;
    for (let block = 0; block < blocks; block++) {
      let least = Infinity;
      let doer = -1;
      for (let device = 0; device < count; device++) {
        const cost = ((weights[device] ?? 0) / total) * (times[device]?.[block] ?? Infinity);
        if (cost < least) {
          least = cost;
          doer = device;
        }
      }
      bound += least;
      if (doer >= 0) load[doer] = (load[doer] ?? 0) + (times[doer]?.[block] ?? 0);
    }
    best = Math.max(best, bound);
    // Devices with more than their part become dearer, in ever smaller steps.
    const step = 0.5 / Math.sqrt(1 + round);
    const most = load.reduce((a, b) => Math.max(a, b), 0);
    if (!(most > 0 && most < Infinity)) break;
    for (let device = 0; device < count; device++) {
      weights[device] = (weights[device] ?? 0) * Math.exp((step * (load[device] ?? 0)) / most);
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
