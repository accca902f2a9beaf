/** What the planner knows of a room; the same shapes as the file contract in planning.md. All times in ms. */

export interface PlanBlock {
  readonly weightBytes: number;
  readonly workspaceBytes: number;
  /** The largest single weight; left out, it counts as none. */
  readonly largestTensorBytes?: number;
  /** Bytes that cross the boundary after this block; for the last block, the size of the result. */
  readonly outputBytes: number;
}

export interface PlanDevice {
  readonly id: string;
  /** For weights, state and workspace; what the runtime takes besides is already off. */
  readonly memoryBytes: number;
  /** A device never holds a block with a larger single weight; left out, any size will do. */
  readonly largestTensorBytes?: number;
  /** Time of each block on this device, in block order. */
  readonly blockMs: readonly number[];
  /** Holds a stage in every plan. */
  readonly required?: boolean;
  /** What a stage takes besides its blocks, for each item: the way to the worker and back. Left out: nothing. */
  readonly perItemMs?: number;
  /**
   * Computing that each byte costs which arrives here or leaves for another device, where this device cannot do both
   * at once. Counts in the period only: in the latency it is part of the links' times. Left out: nothing.
   */
  readonly packMsPerByte?: number;
  /** The same for each message, whatever its size. Left out: nothing. */
  readonly packMsPerMessage?: number;
}

/** Serves both directions unless the other direction is given too. A missing pair cannot talk. */
export interface PlanLink {
  readonly from: string;
  readonly to: string;
  readonly delayMs: number;
  /** Of a message that comes alone. */
  readonly mbitPerSec: number;
  /** Of messages that follow each other, which no longer wait for a channel to find its pace. Left out: the same. */
  readonly steadyMbitPerSec?: number;
}

/**
 * The least latency; the least period; the least `latency + (items - 1) * period`; or the least latency among the
 * plans with a period of at most `everyMs`.
 */
export type Objective = 'latency' | 'throughput' | { readonly items: number } | { readonly everyMs: number };

export interface PlanRoom {
  readonly objective: Objective;
  /** The device that holds the input and wants the result. */
  readonly home: string;
  readonly inputBytes: number;
  readonly blocks: readonly PlanBlock[];
  readonly devices: readonly PlanDevice[];
  readonly links: readonly PlanLink[];
  /**
   * The first and the last block stay on home: it may hold two stages, a head and a tail, which share its memory and
   * its time, with a chain of other devices between them.
   */
  readonly endsAtHome?: boolean;
}

/** Blocks [start, end) on one device. */
export interface PlannedStage {
  readonly device: string;
  readonly start: number;
  readonly end: number;
  /** More devices that hold the same blocks: items are shared among all of them by speed. */
  readonly copies?: readonly string[];
}

export interface PlanResult {
  readonly stages: readonly PlannedStage[];
  readonly latencyMs: number;
  readonly periodMs: number;
  /** Proven: no plan of this room is better by more than rounding. */
  readonly optimal: boolean;
  /** What no plan can beat, in the unit of the objective: latency, period, or latency + (items - 1) * period. */
  readonly lowerBoundMs: number;
  /** No plan gives an item every `everyMs`; this one has the least period instead. */
  readonly tooOften?: true;
}

export interface Infeasible {
  readonly infeasible: string;
}
