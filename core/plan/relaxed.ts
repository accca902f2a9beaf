import type { Costs } from './costs.ts';
import { addStage, addStageUpTo, entryMs, hopMs } from './stage-step.ts';

/**
 * For each device a latency that no plan using it can beat: the best walk through it on which a device may hold
 * several stages, though not two in a row (a layered shortest path, there and back). O(n L² + n² L).
 * Infinity proves that no plan uses the device.
 */
export function latencyBounds(room: Costs): number[] {
  const costs = { ...room, tieMs: 0 };
  const arrived = arrivals(costs);
  const onward = remainders(costs);
  return costs.devices.map((_, device) => {
    const done = row(costs);
    addStage(costs, 'latency', device, arrived[device] ?? row(costs), done, new Uint16Array(done.length));
    return done.reduce(
      (least, ms, end) => Math.min(least, ms + (onward[device]?.[end] ?? Infinity)),
      Infinity,
    );
  });
}

/** Devices that some plan might use, by their {@link latencyBounds}, most promising first. */
export function usefulDevices(bounds: readonly number[]): number[] {
  const promise = (device: number): number => bounds[device] ?? Infinity;
  return [...bounds.keys()].filter((d) => promise(d) < Infinity).sort((a, b) => promise(a) - promise(b));
}

/** Per device and boundary: the least time until what crosses there has reached the device. */
function arrivals(costs: Costs): Float64Array[] {
  const arrived = costs.devices.map(() => row(costs));
  const done = costs.devices.map(() => row(costs));
  const unused = new Uint16Array(costs.blocks + 1);
  for (let boundary = 0; boundary < costs.blocks; boundary++) {
    arrived.forEach((here, to) => {
      if (boundary === 0) here[0] = entryMs(costs, 'latency', to);
      else here[boundary] = leastHop(costs, boundary, done, (from) => [from, to]);
    });
    done.forEach((here, device) => {
      addStageUpTo(boundary + 1, costs, 'latency', device, arrived[device] ?? here, here, unused);
    });
  }
  return arrived;
}

/** Per device and boundary: the least time from there to the result at home, when the device has just finished. */
function remainders(costs: Costs): Float64Array[] {
  const { blocks } = costs;
  const after = costs.devices.map(() => row(costs));
  const ahead = costs.devices.map(() => row(costs));
  after.forEach((here, device) => {
    here[blocks] = hopMs(costs, 'latency', device, costs.home, blocks);
  });
  for (let boundary = blocks - 1; boundary > 0; boundary--) {
    ahead.forEach((here, device) => {
      here[boundary] = leastStage(costs, device, boundary, after[device] ?? here);
    });
    after.forEach((here, from) => {
      here[boundary] = leastHop(costs, boundary, ahead, (to) => [from, to]);
    });
  }
  return after;
}

function leastStage(costs: Costs, device: number, start: number, after: Float64Array): number {
  const sums = costs.prefixMs[device] ?? after;
  const earliest = costs.earliest[device] ?? [];
  let least = Infinity;
  for (let end = start + 1; end <= costs.blocks && (earliest[end] ?? end) <= start; end++) {
    least = Math.min(least, (sums[end] ?? 0) - (sums[start] ?? 0) + (after[end] ?? Infinity));
  }
  return least;
}

/** The least of a device's time at `boundary` plus its hop, over all hops between two different devices. */
function leastHop(
  costs: Costs,
  boundary: number,
  times: readonly Float64Array[],
  ends: (device: number) => readonly [from: number, to: number],
): number {
  let least = Infinity;
  times.forEach((time, device) => {
    const [from, to] = ends(device);
    if (from === to) return;
    least = Math.min(least, (time[boundary] ?? Infinity) + hopMs(costs, 'latency', from, to, boundary));
  });
  return least;
}

function row(costs: Costs): Float64Array {
  return new Float64Array(costs.blocks + 1).fill(Infinity);
}
