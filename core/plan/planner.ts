import { estimate } from './estimate.ts';
import { explain } from './explain.ts';
import { planEveryone, planLatency } from './optimise.ts';
import type { PlanAnswer, PlanQuestion, PlanStory } from './question.ts';
import type { Infeasible, PlannedStage, PlanResult } from './room.ts';

/** The best plan for a room by the mode that is asked for. */
export function decide({ room, mode, present }: PlanQuestion): PlanAnswer | Infeasible {
  const plan = mode === 'everyone' ? planEveryone(room) : planLatency(room);
  if ('infeasible' in plan) return plan;
  const aim = (stages: readonly PlannedStage[]): number => {
    const { latencyMs, stageMs } = estimate(room, stages);
    return mode === 'everyone' ? Math.max(...stageMs) : latencyMs;
  };
  const here = new Set(room.devices.map(({ id }) => id));
  const stands =
    present?.every(({ device }) => here.has(device)) && present.at(-1)?.end === room.blocks.length;
  return { plan, bestMs: aim(plan.stages), presentMs: present && stands ? aim(present) : null };
}

export function tell({ room }: PlanQuestion, plan: PlanResult): PlanStory {
  return { explanation: explain(room, plan), front: [], whatIf: [] };
}
