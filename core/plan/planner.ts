import { aimMs, planBy, presentAimMs } from './modes.ts';
import type { PlanAnswer, PlanQuestion } from './question.ts';
import type { Infeasible } from './room.ts';

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
