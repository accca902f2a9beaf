import { explain } from './explain.ts';
import { aimMs, planBy, presentAimMs } from './modes.ts';
import type { PlanAnswer, PlanQuestion, PlanStory } from './question.ts';
import type { Infeasible, PlanResult } from './room.ts';
import { roomSearch } from './room-search.ts';
import { trades } from './trades.ts';
import { whatIf } from './what-if.ts';

/** The best plan for a room by a mode, and how good the present stages are beside it. */
export function decide({ room, mode, present }: PlanQuestion): PlanAnswer | Infeasible {
  const plan = planBy(mode, roomSearch(room));
  if ('infeasible' in plan) return plan;
  return {
    plan,
    bestMs: aimMs(mode, plan),
    presentMs: present && presentAimMs(mode, room, present, plan),
  };
}

/** What a plan of the question, or one that is kept instead, can say of itself. Takes several searches more. */
export function tell({ room, mode }: PlanQuestion, plan: PlanResult): PlanStory {
  return {
    explanation: explain(room, plan, mode),
    front: trades(room),
    whatIf: whatIf(room, mode, plan),
  };
}
