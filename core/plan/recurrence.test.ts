import fc from 'fast-check';
import { expect, test } from 'vitest';
import { roomOf } from './random-room.ts';
import type { PlanDevice, PlanRoom } from './room.ts';
import { solve } from './solve.ts';

/**
 * Recurrence (b) of the partition problem as it is written, with every set of devices: the least sum, or the least
 * largest term, from home through blocks [0, j) by the devices of a set to another device. Shares nothing with the
 * planner; Infinity when there is no plan.
 */
function plainRecurrence(room: PlanRoom, aim: 'latency' | 'throughput'): number {
  const { blocks, devices, home, links } = room;
  const count = blocks.length;
  const join = (a: number, b: number): number => (aim === 'latency' ? a + b : Math.max(a, b));
  const hop = (from: string, to: string, bytes: number): number => {
    if (from === to) return 0;
    const way =
      links.findLast((link) => link.from === from && link.to === to) ??
      links.findLast((link) => link.from === to && link.to === from);
    if (!way || way.mbitPerSec === 0) return Infinity;
    return (aim === 'latency' ? way.delayMs : 0) + (bytes * 8) / (way.mbitPerSec * 1000);
  };
  const stageMs = (device: PlanDevice, start: number, end: number): number => {
    const range = blocks.slice(start, end);
    const weights = range.reduce((sum, block) => sum + block.weightBytes, 0);
    const workspace = Math.max(...range.map((block) => block.workspaceBytes));
    const tensor = Math.max(...range.map((block) => block.largestTensorBytes ?? 0));
    const fits =
      weights + workspace <= device.memoryBytes && tensor <= (device.largestTensorBytes ?? Infinity);
    return fits ? device.blockMs.slice(start, end).reduce((sum, each) => sum + each, 0) : Infinity;
  };
  const width = count + 1;
  const stages = devices.map((device) =>
    Float64Array.from({ length: width * width }, (_, at) => {
      const start = Math.floor(at / width);
      return at % width > start ? stageMs(device, start, at % width) : Infinity;
    }),
  );
  const hops = devices.map((from) =>
    devices.map((to) => Float64Array.from(blocks, (block) => hop(from.id, to.id, block.outputBytes))),
  );
  /** By set, device and boundary: the device is not in the set, and has what crosses there. */
  const delivered = new Float64Array(2 ** devices.length * devices.length * width).fill(Infinity);
  const rowOf = (set: number, device: number): Float64Array => {
    const row = (set * devices.length + device) * width;
    return delivered.subarray(row, row + width);
  };
  devices.forEach((device, at) => {
    rowOf(0, at)[0] = hop(home, device.id, room.inputBytes);
  });
  let least = Infinity;
  for (let set = 0; set < 2 ** devices.length; set++) {
    devices.forEach((device, at) => {
      if (set & (1 << at)) return;
      const done = new Float64Array(width).fill(Infinity);
      rowOf(set, at).forEach((arrived, start) => {
        if (arrived === Infinity) return;
        for (let end = start + 1; end <= count; end++) {
          const after = join(arrived, stages[at]?.[start * width + end] ?? Infinity);
          if (after < (done[end] ?? 0)) done[end] = after;
        }
      });
      const last = done[count] ?? Infinity;
      least = Math.min(least, join(last, hop(device.id, home, blocks[count - 1]?.outputBytes ?? 0)));
      devices.forEach((_, to) => {
        if (to === at || set & (1 << to)) return;
        const row = rowOf(set | (1 << at), to);
        for (let end = 1; end < count; end++) {
          const there = join(done[end] ?? Infinity, hops[at]?.[to]?.[end - 1] ?? Infinity);
          if (there < (row[end] ?? 0)) row[end] = there;
        }
      });
    });
  }
  return least;
}

test('ten devices: equal to recurrence (b) with all sets, by a second implementation', () => {
  let chains = 0;
  fc.assert(
    fc.property(roomOf({ devices: [10, 10], blocks: [20, 24] }), (room) => {
      for (const objective of ['latency', 'throughput'] as const) {
        const least = plainRecurrence(room, objective);
        const result = solve({ ...room, objective });
        if ('infeasible' in result) {
          expect(least).toBe(Infinity);
          continue;
        }
        const value = objective === 'latency' ? result.latencyMs : result.periodMs;
        expect(Math.abs(value - least)).toBeLessThanOrEqual(least * 1e-9);
        expect(result.optimal).toBe(true);
        if (result.stages.length > 3) chains++;
      }
    }),
    { seed: 10, numRuns: 24 },
  );
  expect(chains).toBeGreaterThan(20);
}, 60_000);
