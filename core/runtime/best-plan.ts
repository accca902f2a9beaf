import type { PeerId } from '../ids.ts';
import type { PlanAnswer, Planner, PlanQuestion } from '../plan/question.ts';
import type { Infeasible } from '../plan/room.ts';
import type { Calibration } from '../protocol/calibration.ts';
import type { PlanMode, PlanRules, PlanView } from '../session/state.ts';
import type { PlanningRoom } from './plan-room.ts';
import { plannedStages } from './plan-view.ts';
import type { RoomBook } from './room-book.ts';

/** What the planner found, and what it was asked. */
export interface Found {
  readonly question: PlanQuestion;
  readonly answer: PlanAnswer;
  readonly planning: PlanningRoom;
}

/** What the room wants now. */
interface Wanted {
  readonly mode: PlanMode;
  readonly rules: PlanRules;
  readonly plan: PlanView | null;
  /** Ran until devices of it were lost. */
  readonly broken: PlanView | undefined;
}

export interface BestPlanOptions {
  readonly me: PeerId;
  /** Devices that are here now. */
  readonly here: () => readonly PeerId[];
  readonly planner: Planner;
  readonly warn: (message: string) => void;
}

/** The planner's best for the room as it is; conditions and pins that leave no plan at all are forgone, and said so. */
export async function bestPlan(
  { me, here, planner, warn }: BestPlanOptions,
  book: RoomBook,
  calibration: Calibration,
  wanted: () => Wanted,
): Promise<Found | Infeasible> {
  let refusal: Infeasible = { infeasible: 'No device here is ready to hold layers yet.' };
  for (const forgo of ['nothing', 'conditions', 'pins'] as const) {
    const { mode, rules, plan, broken } = wanted();
    if (forgo === 'pins' && rules.pinnedIn.length === 0) break;
    const kept = forgo === 'pins' ? { ...rules, pinnedIn: [] } : rules;
    const planning = book.room(me, here(), calibration, kept, forgo === 'nothing');
    if (planning.room.devices.length === 0) continue;
    const question = {
      room: planning.room,
      mode,
      present: plan && plannedStages(plan),
      ...(broken && !plan && { broken: plannedStages(broken) }),
    };
    const answer = await planner.decide(question);
    if (!('infeasible' in answer)) {
      if (forgo === 'pins') warn(`Not every device that you chose can take part. ${refusal.infeasible}`);
      return { question, answer, planning };
    }
    refusal = answer;
  }
  return refusal;
}
