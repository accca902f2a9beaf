import { linkLookup, msPerByte } from './links.ts';
import type { PlannedStage, PlanRoom } from './room.ts';

/** What a plan costs, part by part; times in ms. Infinity where two devices in a row cannot talk. */
export interface PlanEstimate {
  /** One item from home through all stages and back: all of `stageMs` and `hopMs`. */
  readonly latencyMs: number;
  /** Between results when many items are in flight: the slowest stage or transfer. Delay does not count. */
  readonly periodMs: number;
  /** Computing, per stage. */
  readonly stageMs: readonly number[];
  /** Into each stage, then home: stages + 1 numbers, 0 on the same device. */
  readonly hopMs: readonly number[];
}

/** Costs by the file contract of the planner, without any of the solver's tables. */
export function estimate(room: PlanRoom, stages: readonly PlannedStage[]): PlanEstimate {
  const link = linkLookup(room.links);
  const blockMs = new Map(room.devices.map((device) => [device.id, device.blockMs]));
  const stageMs = stages.map(({ device, start, end }) =>
    sum(blockMs.get(device)?.slice(start, end) ?? [Infinity]),
  );
  const route = [room.home, ...stages.map((stage) => stage.device), room.home];
  const sizes = [
    room.inputBytes,
    ...stages.map((stage) => room.blocks[stage.end - 1]?.outputBytes ?? Infinity),
  ];
  const hops = sizes.map((bytes, at) => {
    const [from = '', to = ''] = route.slice(at, at + 2);
    if (from === to) return { delayMs: 0, transferMs: 0 };
    const way = link(from, to);
    return way
      ? { delayMs: way.delayMs, transferMs: bytes * msPerByte(way) }
      : { delayMs: Infinity, transferMs: Infinity };
  });
  const hopMs = hops.map((hop) => hop.delayMs + hop.transferMs);
  return {
    latencyMs: sum(stageMs) + sum(hopMs),
    periodMs: Math.max(0, ...stageMs, ...hops.map((hop) => hop.transferMs)),
    stageMs,
    hopMs,
  };
}

/** What a device must hold to run blocks [start, end): all weights, and the largest workspace. */
export function stageBytes(room: PlanRoom, start: number, end: number): number {
  const blocks = room.blocks.slice(start, end);
  const workspace = Math.max(0, ...blocks.map((block) => block.workspaceBytes));
  return sum(blocks.map((block) => block.weightBytes)) + workspace;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
