import type { Costs } from './costs.ts';
import { hopMs } from './stage-step.ts';

/** Orders worth trying where all of them are too many: by speed both ways, by memory, and each next to its nearest. */
export function likelyOrders(costs: Costs, devices: readonly number[]): readonly (readonly number[])[] {
  const byTime = devices.toSorted((a, b) => wholeMs(costs, a) - wholeMs(costs, b));
  const byMemory = devices.toSorted((a, b) => memory(costs, b) - memory(costs, a));
  return [nearestNext(costs, devices), byTime, byTime.toReversed(), byMemory];
}

/** Time of all blocks on one device, whether they fit or not. */
export function wholeMs(costs: Costs, device: number): number {
  return costs.prefixMs[device]?.[costs.blocks] ?? Infinity;
}

function memory(costs: Costs, device: number): number {
  return costs.devices[device]?.memoryBytes ?? 0;
}

/** Starts at home; every step goes to the device that the middle activation reaches first. */
function nearestNext(costs: Costs, devices: readonly number[]): number[] {
  const middle = costs.blocks >> 1;
  const left = new Set(devices);
  const order: number[] = [];
  for (let at = costs.home; left.size > 0; ) {
    const away = (device: number): number => hopMs(costs, 'latency', at, device, middle);
    const next = [...left].reduce((best, device) => (away(device) < away(best) ? device : best));
    left.delete(next);
    order.push(next);
    at = next;
  }
  return order;
}
