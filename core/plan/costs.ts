import { fits } from './fits.ts';
import { linkLookup, msPerByte } from './links.ts';
import type { PlanDevice, PlanRoom } from './room.ts';

/** A room as the recurrences read it: devices by index, times in ms, bytes per boundary. */
export interface Costs {
  readonly devices: readonly PlanDevice[];
  readonly blocks: number;
  /** Per device, length blocks + 1: time of blocks [0, j). */
  readonly prefixMs: readonly Float64Array[];
  /** Per device, length blocks + 1: the first i for which blocks [i, j) fit; j when not even one does. */
  readonly earliest: readonly Uint16Array[];
  /** Index of home as an end of hops: one past the devices, whether or not home is one of them too. */
  readonly home: number;
  /** Index of home among the devices, or -1 when it may hold nothing. */
  readonly homeDevice: number;
  /** Square over devices and home, row by row; Infinity where a pair cannot talk. */
  readonly delayMs: Float64Array;
  readonly byteMs: Float64Array;
  /** Length blocks + 1: what crosses before block 0, after each block, the result last. */
  readonly bytes: Float64Array;
  /**
   * Counted for each stage, and half of it for a start away from home: settles ties in favour of fewer stages
   * and of home first. Well above the rounding of sums of doubles, far below what anybody can measure.
   */
  readonly tieMs: number;
}

/** @throws RangeError when a device has not exactly one time, finite and at least 0, for each block. */
export function costsOf(room: PlanRoom): Costs {
  const { devices, blocks } = room;
  for (const { id, blockMs } of devices) {
    if (blockMs.length !== blocks.length || !blockMs.every((ms) => ms >= 0 && ms < Infinity)) {
      throw new RangeError(`device ${id} needs ${blocks.length} finite times, got [${blockMs}]`);
    }
  }
  const prefixMs = devices.map((device) => prefixSums(device.blockMs));
  const bytes = Float64Array.from([room.inputBytes, ...blocks.map((block) => block.outputBytes)]);
  const fastest = Math.min(...prefixMs.map((sums) => sums[blocks.length] ?? 0));
  return {
    devices,
    blocks: blocks.length,
    prefixMs,
    earliest: devices.map((device) => earliestStarts(room, device)),
    home: devices.length,
    homeDevice: devices.findIndex((device) => device.id === room.home),
    ...hopTables(room),
    bytes,
    tieMs: 1e-11 * (devices.length > 0 ? 1 + fastest : 1),
  };
}

/** The same room, where a stage may also take no longer than `limitMs`. */
export function withStageLimit(costs: Costs, limitMs: number): Costs {
  const earliest = costs.earliest.map((starts, device) => {
    const sums = costs.prefixMs[device] ?? new Float64Array(0);
    let start = 0;
    return starts.map((fits, end) => {
      while (start < end && (sums[end] ?? 0) - (sums[start] ?? 0) > limitMs) start++;
      return Math.max(fits, start);
    });
  });
  return { ...costs, earliest };
}

function prefixSums(times: readonly number[]): Float64Array {
  const sums = new Float64Array(times.length + 1);
  times.forEach((ms, block) => {
    sums[block + 1] = (sums[block] ?? 0) + ms;
  });
  return sums;
}

/** A part of what fits, fits: so one sweep. */
function earliestStarts(room: PlanRoom, device: PlanDevice): Uint16Array {
  let start = 0;
  return Uint16Array.from({ length: room.blocks.length + 1 }, (_, end) => {
    while (start < end && !fits(room, device, start, end)) start++;
    return start;
  });
}

function hopTables(room: PlanRoom): Pick<Costs, 'delayMs' | 'byteMs'> {
  const link = linkLookup(room.links);
  const ids = [...room.devices.map((device) => device.id), room.home];
  const pairs = ids.flatMap((from) => ids.map((to) => ({ from, to, link: link(from, to) })));
  return {
    delayMs: Float64Array.from(pairs, (p) => (p.from === p.to ? 0 : (p.link?.delayMs ?? Infinity))),
    byteMs: Float64Array.from(pairs, (p) => (p.from === p.to || !p.link ? 0 : msPerByte(p.link))),
  };
}
