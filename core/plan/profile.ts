import type { PlanDevice, PlanLink, PlanRoom } from './room.ts';

/** A model as one device, usually the leader's, measured it: see `calibrate` in core/runtime. */
export interface MeasuredModel {
  readonly blockMs: readonly number[];
  /** Bytes at each boundary: the input, after each block, the result last. Length: blocks + 1. */
  readonly boundaryBytes: readonly number[];
  readonly blockWeightBytes: readonly number[];
  readonly blockWorkspaceBytes: readonly number[];
  /** The largest single weight of each block. */
  readonly blockTensorBytes: readonly number[];
}

/** What a device measured of itself when it joined. */
export interface MeasuredDevice {
  readonly id: string;
  /** Time of the bundled network, the same one on every device. */
  readonly benchMs: number;
  readonly memoryBytes: number;
  /** The largest single weight that it takes; left out, any size will do. */
  readonly largestTensorBytes?: number | undefined;
  /** Computing that a byte costs at one end of a channel, where the device cannot send and compute at once. */
  readonly packMsPerByte?: number | undefined;
  readonly packMsPerMessage?: number | undefined;
  /** What it measured of this very model; left out, its bench time says how it compares. */
  readonly times?: DeviceTimes | undefined;
}

/** Times of all blocks on one device, and what a stage of any blocks takes besides. */
export interface DeviceTimes {
  readonly blockMs: readonly number[];
  readonly perItemMs: number;
  /** For each block whether the device timed it, in a part of the model; else it is as the nearest part that it did. */
  readonly timed: readonly boolean[];
  readonly spread: Spread;
}

/** How single runs varied: their 10th and 90th percentile over the median. */
export interface Spread {
  readonly low: number;
  readonly high: number;
}

/** What `from` measured of its link to `to`. */
export interface MeasuredLink {
  readonly from: string;
  readonly to: string;
  readonly rttMs: number;
  /** What a message of no bytes takes one way; left out, half the round trip counts. */
  readonly delayMs?: number | undefined;
  readonly mbitPerSec: number;
  /** Of messages that follow each other; left out, the same. */
  readonly steadyMbitPerSec?: number | undefined;
}

export interface RoomMeasurements {
  /** The device that asks and wants the answer; it need not be among `devices`. */
  readonly home: string;
  readonly model: MeasuredModel;
  /** Bench time of the device that measured the model. */
  readonly modelBenchMs: number;
  /** Those that may hold layers. */
  readonly devices: readonly MeasuredDevice[];
  readonly links: readonly MeasuredLink[];
}

/**
 * Stands for a pair that nobody has measured yet. Peers can always reach each other through the relay, so it is
 * the relay by way of a distant server: two legs of 15 ms, and the upload of a modest home line.
 */
const UNMEASURED = { delayMs: 30, mbitPerSec: 10 };

/** Browsers round clocks to as much as this: a bench below it says nothing more of the speed. */
const CLOCK_STEP_MS = 0.1;
/** A device may claim anything; slower than this it is of no use to any plan, and sums stay finite. */
const SLOWEST_RATIO = 1e6;

/**
 * The planner's room from what was measured. A block takes a device as much longer than the measuring one as the
 * bench does, one ratio for all blocks, unless it has measured its own times. Workspace is what `model` says.
 */
export function roomFrom({ home, model, modelBenchMs, devices, links }: RoomMeasurements): PlanRoom {
  const ids = [...new Set([home, ...devices.map((device) => device.id)])];
  return {
    objective: 'latency',
    home,
    inputBytes: model.boundaryBytes[0] ?? 0,
    blocks: model.blockMs.map((_, block) => ({
      weightBytes: model.blockWeightBytes[block] ?? 0,
      workspaceBytes: model.blockWorkspaceBytes[block] ?? 0,
      largestTensorBytes: model.blockTensorBytes[block] ?? 0,
      outputBytes: model.boundaryBytes[block + 1] ?? 0,
    })),
    devices: devices.map((device) => scaled(device, model, modelBenchMs)),
    links: ids.flatMap((from, at) => ids.slice(at + 1).flatMap((to) => linksBetween(from, to, links))),
  };
}

function scaled(device: MeasuredDevice, model: MeasuredModel, modelBenchMs: number): PlanDevice {
  const ratio = Math.min(
    SLOWEST_RATIO,
    Math.max(device.benchMs, CLOCK_STEP_MS) / Math.max(modelBenchMs, CLOCK_STEP_MS),
  );
  return {
    id: device.id,
    memoryBytes: device.memoryBytes,
    ...(device.largestTensorBytes !== undefined && { largestTensorBytes: device.largestTensorBytes }),
    ...(device.packMsPerByte !== undefined && { packMsPerByte: device.packMsPerByte }),
    ...(device.packMsPerMessage !== undefined && { packMsPerMessage: device.packMsPerMessage }),
    ...(device.times
      ? { blockMs: device.times.blockMs, perItemMs: device.times.perItemMs }
      : { blockMs: model.blockMs.map((ms) => ms * ratio) }),
  };
}

/** Each direction as its sender measured it; what one side alone measured serves both. */
function linksBetween(one: string, other: string, links: readonly MeasuredLink[]): PlanLink[] {
  const measured = [
    [one, other],
    [other, one],
  ].flatMap(([from, to]) => links.findLast((link) => link.from === from && link.to === to) ?? []);
  const usable = measured.filter((link) => link.mbitPerSec > 0 && delayOf(link) >= 0);
  if (usable.length === 0) return [{ from: one, to: other, ...UNMEASURED }];
  return usable.map((link) => {
    const { from, to, mbitPerSec, steadyMbitPerSec } = link;
    const steady = steadyMbitPerSec !== undefined && steadyMbitPerSec > 0 && { steadyMbitPerSec };
    return { from, to, delayMs: delayOf(link), mbitPerSec, ...steady };
  });
}

function delayOf({ delayMs, rttMs }: MeasuredLink): number {
  return delayMs ?? rttMs / 2;
}
