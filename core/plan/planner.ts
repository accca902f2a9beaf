import { estimate } from './estimate.ts';
import { explain } from './explain.ts';
import { aimMs, planBy, presentAimMs } from './modes.ts';
import type { PlanAnswer, PlanQuestion, PlanStory } from './question.ts';
import { repair } from './repair.ts';
import type { Infeasible, PlannedStage, PlanResult } from './room.ts';
import { roomSearch } from './room-search.ts';
import { trades } from './trades.ts';
import { whatIf } from './what-if.ts';

/** The best plan for a room by a mode, and how good the present stages are beside it. */
export function decide({ room, mode, present, broken }: PlanQuestion): PlanAnswer | Infeasible {
  const plan = planBy(mode, roomSearch(room));
  if ('infeasible' in plan) return plan;
  const repaired = broken && repairedOf({ room, mode, present, broken }, plan);
  return {
    plan,
    bestMs: aimMs(mode, plan),
    presentMs: present && presentAimMs(mode, room, present, plan),
    ...(repaired && { repaired }),
  };
}

/** `plan` is the best of the same room: what no plan can beat holds for both. */
function repairedOf(
  { room, mode, broken = [] }: PlanQuestion,
  plan: PlanResult,
): PlanAnswer['repaired'] | undefined {
  const aim = (stages: readonly PlannedStage[]): number | null => presentAimMs(mode, room, stages, plan);
  const stages = repair(room, broken, aim);
  const ms = stages && aim(stages);
  if (!stages || ms === null) return undefined;
  const { latencyMs, periodMs } = estimate(room, stages);
  const { lowerBoundMs, tooOften } = plan;
  return {
    plan: { stages, latencyMs, periodMs, optimal: false, lowerBoundMs, ...(tooOften && { tooOften }) },
    aimMs: ms,
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
