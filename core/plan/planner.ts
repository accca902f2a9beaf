import { explain } from './explain.ts';
import { aimMs, planBy, presentAimMs } from './modes.ts';
import type { PlanAnswer, PlanQuestion, PlanStory } from './question.ts';
import type { Infeasible, PlanResult } from './room.ts';

/** The best plan for a room by a mode, and how good the present stages are beside it. */
export function decide({ room, mode, present }: PlanQuestion): PlanAnswer | Infeasible {
  const plan = planBy(mode, room);
  if ('infeasible' in plan) return plan;
  return {
    plan,
    bestMs: aimMs(mode, room, plan),
    presentMs: present && presentAimMs(mode, room, present, plan),
  };
}

export function tell({ room, mode }: PlanQuestion, plan: PlanResult): PlanStory {
  return { explanation: explain(room, plan, mode), front: [], whatIf: [] };
}
