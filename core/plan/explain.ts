import { costsOf } from './costs.ts';
import { estimate, stageBytes } from './estimate.ts';
import { alone, EXACT_DEVICES } from './optimise.ts';
import { latencyBounds, usefulDevices } from './relaxed.ts';
import type { PlannedStage, PlanResult, PlanRoom } from './room.ts';
import { subsetTable } from './subset-table.ts';

/** Why a plan is what it is, in numbers; all times in ms and predicted. */
export interface Explanation {
  readonly latencyMs: number;
  /** The part of the latency spent on the way between devices. */
  readonly hopsMs: number;
  readonly stages: readonly StageShare[];
  /** The fastest single device that can hold the whole model, or null when none can. */
  readonly alone: { readonly device: string; readonly latencyMs: number } | null;
  readonly leftOut: readonly LeftOut[];
}

export interface StageShare extends PlannedStage {
  readonly ms: number;
  /** Of all computing, 0..1. */
  readonly share: number;
}

export type LeftOut =
  /** The best plan that includes the device takes this much longer than the best plan. */
  | { readonly device: string; readonly why: 'slower'; readonly addsMs: number }
  /** Not even the smallest block fits. */
  | {
      readonly device: string;
      readonly why: 'memory';
      readonly needsBytes: number;
      readonly hasBytes: number;
    }
  /** Every block already has a device of its own. */
  | { readonly device: string; readonly why: 'no-layer-left' }
  /** No plan with it was found: memory or missing links of all together. */
  | { readonly device: string; readonly why: 'no-place' };

/** In a room too large for one exact table, a device is tried together with this many others: 10 ms each. */
const COMPANIONS = 6;
/** Relative; above the rounding of sums, below any measurement. */
const SAME = 1e-9;

/** Explains any plan of a room: one of {@link planLatency}, {@link planEveryone}, or made by hand. */
export function explain(room: PlanRoom, plan: Pick<PlanResult, 'stages' | 'latencyMs'>): Explanation {
  const { stageMs, hopMs } = estimate(room, plan.stages);
  const computeMs = sum(stageMs);
  return {
    latencyMs: plan.latencyMs,
    hopsMs: sum(hopMs),
    stages: plan.stages.map((stage, at) => {
      const ms = stageMs[at] ?? 0;
      return { ...stage, ms, share: computeMs > 0 ? ms / computeMs : 1 / plan.stages.length };
    }),
    alone: alone(room)[0] ?? null,
    leftOut: leftOut(room, plan),
  };
}

function leftOut(room: PlanRoom, plan: Pick<PlanResult, 'stages' | 'latencyMs'>): LeftOut[] {
  const held = new Set(plan.stages.map((stage) => stage.device));
  const out = room.devices.filter((device) => !held.has(device.id));
  if (out.length === 0) return [];
  const latencyWith = latenciesWith(room);
  const best = Math.min(...room.devices.map((_, device) => latencyWith(device)));
  const isFastest = plan.latencyMs <= best * (1 + SAME);
  const needsBytes = Math.min(...room.blocks.map((_, block) => stageBytes(room, block, block + 1)));
  return out.map(({ id: device, memoryBytes: hasBytes }): LeftOut => {
    if (needsBytes > hasBytes) return { device, why: 'memory', needsBytes, hasBytes };
    if (!isFastest && plan.stages.length === room.blocks.length) return { device, why: 'no-layer-left' };
    const latencyMs = latencyWith(room.devices.findIndex(({ id }) => id === device));
    if (!isFastest || latencyMs === Infinity) return { device, why: 'no-place' };
    return { device, why: 'slower', addsMs: Math.max(0, latencyMs - plan.latencyMs) };
  });
}

/**
 * For each device the least latency of a plan in which it holds a stage, Infinity when none was found. Up to
 * {@link EXACT_DEVICES} devices one exact table answers for all.
 */
function latenciesWith(room: PlanRoom): (device: number) => number {
  const costs = costsOf(room);
  const useful = usefulDevices(latencyBounds(costs));
  const tableOf = (devices: readonly number[]): ((device: number) => number) => {
    const table = subsetTable(costs, 'latency', devices);
    return (device) => {
      const bit = 1 << devices.indexOf(device);
      const best = table.best((set) => (set & bit) !== 0);
      return best ? estimate(room, table.stages(best.set)).latencyMs : Infinity;
    };
  };
  const shared = tableOf(useful.slice(0, EXACT_DEVICES));
  return (device) => {
    const rank = useful.indexOf(device);
    if (rank < 0) return Infinity;
    if (rank < EXACT_DEVICES) return shared(device);
    return tableOf([...useful.slice(0, COMPANIONS), device])(device);
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
