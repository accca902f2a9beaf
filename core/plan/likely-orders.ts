import type { Tables } from './tables.ts';

/** Orders worth trying where all of them are too many: by speed both ways, by memory, and each next to its nearest. */
export function likelyOrders(tables: Tables, devices: readonly number[]): readonly (readonly number[])[] {
  const byTime = devices.toSorted((a, b) => wholeMs(tables, a) - wholeMs(tables, b));
  const memory = (device: number): number => tables.room.devices[device]?.memoryBytes ?? 0;
  const byMemory = devices.toSorted((a, b) => memory(b) - memory(a));
  return [nearestNext(tables, devices), byTime, byTime.toReversed(), byMemory];
}

/** Time of all blocks on one device, whether they fit or not. */
export function wholeMs({ blockMs }: Tables, device: number): number {
  return blockMs[device]?.reduce((total, ms) => total + ms, 0) ?? Infinity;
}

/** Starts at home; every step goes to the device that the middle activation reaches first. */
function nearestNext(
  { count, blocks, bytes, delayMs, byteMs }: Tables,
  devices: readonly number[],
): number[] {
  const middle = bytes[blocks >> 1] ?? 0;
  const left = new Set(devices);
  const order: number[] = [];
  for (let at = count; left.size > 0; ) {
    const away = (device: number): number => {
      const pair = at * (count + 1) + device;
      return (delayMs[pair] ?? Infinity) + middle * (byteMs[pair] ?? 0);
    };
    const next = [...left].reduce((best, device) => (away(device) < away(best) ? device : best));
    left.delete(next);
    order.push(next);
    at = next;
  }
  return order;
}
