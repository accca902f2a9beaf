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
}

/** Serves both directions unless the other direction is given too. A missing pair cannot talk. */
export interface PlanLink {
  readonly from: string;
  readonly to: string;
  readonly delayMs: number;
  readonly mbitPerSec: number;
}

export type Objective = 'latency' | 'throughput' | { readonly items: number };

export interface PlanRoom {
  readonly objective: Objective;
  /** The device that holds the input and wants the result. */
  readonly home: string;
  readonly inputBytes: number;
  readonly blocks: readonly PlanBlock[];
  readonly devices: readonly PlanDevice[];
  readonly links: readonly PlanLink[];
}

/** Blocks [start, end) on one device. */
export interface PlannedStage {
  readonly device: string;
  readonly start: number;
  readonly end: number;
}

export interface PlanResult {
  readonly stages: readonly PlannedStage[];
  readonly latencyMs: number;
  readonly periodMs: number;
  readonly optimal: boolean;
  readonly lowerBoundMs: number;
}

export interface Infeasible {
  readonly infeasible: string;
}
