import type { PlanMode } from '../session/state.ts';
import { type Alone, alone } from './alone.ts';
import { estimate, holdersOf, stageBytes } from './estimate.ts';
import { planBy } from './modes.ts';
import type { PlannedStage, PlanResult, PlanRoom } from './room.ts';
import { EXACT_DEVICES, roomSearch } from './room-search.ts';

/** Why a plan is what it is, in numbers; all times in ms and predicted. */
export interface Explanation {
  readonly latencyMs: number;
  readonly periodMs: number;
  /** The part of the latency spent on the way between devices. */
  readonly hopsMs: number;
  readonly stages: readonly StageShare[];
  /** The fastest single device that can hold the whole model, or null when none can. */
  readonly alone: Alone | null;
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
  /** The most that any plan with the device gives is `perSecond`, not much more if more at all; the plan gives `insteadOf`. */
  | {
      readonly device: string;
      readonly why: 'fewer';
      readonly perSecond: number;
      readonly insteadOf: number;
    }
  /** No plan with the device keeps the pace that was asked for: at best it gives an answer every `periodMs`. */
  | { readonly device: string; readonly why: 'pace'; readonly periodMs: number }
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

/** Explains any plan of a room by the mode that it was made, or is kept, for. */
export function explain(room: PlanRoom, plan: PlanResult, mode: PlanMode): Explanation {
  const { latencyMs, periodMs, stageMs, hopMs } = estimate(room, plan.stages);
  const computeMs = sum(stageMs);
  return {
    latencyMs,
    periodMs,
    hopsMs: sum(hopMs),
    stages: plan.stages.map((stage, at) => {
      const ms = stageMs[at] ?? 0;
      return { ...stage, ms, share: computeMs > 0 ? ms / computeMs : 1 / plan.stages.length };
    }),
    alone: alone(room)[0] ?? null,
    leftOut: leftOut(room, plan, mode),
  };
}

function leftOut(room: PlanRoom, plan: PlanResult, mode: PlanMode): LeftOut[] {
  const held = new Set(plan.stages.flatMap(holdersOf));
  const needsBytes = Math.min(...room.blocks.map((_, block) => stageBytes(room, block, block + 1)));
  return room.devices
    .filter(({ id }) => !held.has(id))
    .map(({ id, memoryBytes }): LeftOut => {
      if (needsBytes > memoryBytes) return { device: id, why: 'memory', needsBytes, hasBytes: memoryBytes };
      if (mode === 'everyone') {
        return { device: id, why: held.size >= room.blocks.length ? 'no-layer-left' : 'no-place' };
      }
      return { device: id, ...cost(room, plan, mode, id) };
    });
}

type Cost<T = LeftOut> = T extends LeftOut ? Omit<T, 'device'> : never;

/** What it would cost to give a device a stage: by the best plan in which it must have one. */
function cost(room: PlanRoom, plan: PlanResult, mode: PlanMode, device: string): Cost {
  const devices = room.devices.map((other) => (other.id === device ? { ...other, required: true } : other));
  const withIt = planBy(
    mode,
    roomSearch({ ...room, devices }, { quick: room.devices.length > EXACT_DEVICES }),
  );
  if ('infeasible' in withIt) return { why: 'no-place' };
  if (mode === 'most' || plan.tooOften) {
    const rates = [withIt.periodMs, plan.periodMs].map((ms) => 1000 / ms);
    const [perSecond = 0, insteadOf = 0] = rates;
    return { why: 'fewer', perSecond, insteadOf };
  }
  if (withIt.tooOften) return { why: 'pace', periodMs: withIt.periodMs };
  return { why: 'slower', addsMs: Math.max(0, withIt.latencyMs - plan.latencyMs) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
