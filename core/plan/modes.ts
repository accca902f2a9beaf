import type { PlanMode } from '../session/state.ts';
import { estimate, holdersOf } from './estimate.ts';
import { planEveryone } from './everyone.ts';
import { allows } from './fits.ts';
import { leastLatency } from './least.ts';
import { planAtPace } from './pace.ts';
import type { Infeasible, PlannedStage, PlanResult, PlanRoom } from './room.ts';
import type { RoomSearch } from './room-search.ts';
import { resultOf } from './solve.ts';
import { planMost } from './throughput.ts';

/** The best plan of a room by what a person wants of it. */
export function planBy(mode: PlanMode, known: RoomSearch): PlanResult | Infeasible {
  if (mode === 'everyone') return planEveryone(known);
  if (mode === 'fastest') return resultOf(known.tables.room, leastLatency(known));
  if (mode === 'most') return planMost(known);
  return planAtPace(known, mode.everyMs);
}

/**
 * What a mode wants to be little, of the plan that it chose: the latency; for `most` and `everyone`, and where no plan
 * keeps the pace that was asked for, the period.
 */
export function aimMs(mode: PlanMode, plan: PlanResult): number {
  const often = mode === 'most' || mode === 'everyone' || plan.tooOften;
  return often ? plan.periodMs : plan.latencyMs;
}

/**
 * The same for other stages, to be compared with that of the chosen plan. Null where the room no longer allows them, or
 * where fewer devices take part than everyone. Stages that miss a pace which the plan keeps are as much worse than the
 * plan, at least, as they miss it by.
 */
export function presentAimMs(
  mode: PlanMode,
  room: PlanRoom,
  stages: readonly PlannedStage[],
  plan: PlanResult,
): number | null {
  if (!allows(room, stages)) return null;
  const { latencyMs, periodMs } = estimate(room, stages);
  if (mode === 'everyone') return holders(stages) < holders(plan.stages) ? null : periodMs;
  if (mode === 'most' || plan.tooOften) return periodMs;
  if (mode === 'fastest' || periodMs <= mode.everyMs) return latencyMs;
  return Math.max(latencyMs, plan.latencyMs) * (periodMs / mode.everyMs);
}

export function holders(stages: readonly PlannedStage[]): number {
  return new Set(stages.flatMap(holdersOf)).size;
}
