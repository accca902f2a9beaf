import type { PlanMode } from '../session/state.ts';
import type { Explanation } from './explain.ts';
import type { Infeasible, PlannedStage, PlanResult, PlanRoom } from './room.ts';

/** What the leader asks of the planner. Plain data: it travels to a worker and back. */
export interface PlanQuestion {
  /** Its `objective` is not read: the mode says what is wanted. Devices that must not take part are not in it. */
  readonly room: PlanRoom;
  readonly mode: PlanMode;
  /** The stages in force, to be judged by the room as it is now; null when there are none. */
  readonly present: readonly PlannedStage[] | null;
  /** The stages that were in force until devices of theirs were lost; absent where there is no such loss. */
  readonly broken?: readonly PlannedStage[];
}

/** A chosen plan, and what it stands against. */
export interface PlanAnswer {
  readonly plan: PlanResult;
  /**
   * The aim of the mode (`aimMs` in modes.ts) for the plan and for the present stages, in ms; `presentMs` is null without
   * any, where the room no longer allows them, and where fewer take part than everyone.
   */
  readonly bestMs: number;
  readonly presentMs: number | null;
  /** The broken stages with what was lost put upon their neighbours, and its aim; absent where that is not possible. */
  readonly repaired?: { readonly plan: PlanResult; readonly aimMs: number };
}

/** What a plan can say of itself, in numbers; asked for after the plan, because it takes several searches more. */
export interface PlanStory {
  readonly explanation: Explanation;
  /** Latency rises, period falls. */
  readonly front: readonly FrontEntry[];
  readonly whatIf: readonly WhatIfDevice[];
}

export interface FrontEntry {
  readonly latencyMs: number;
  readonly periodMs: number;
  /** How many devices hold a stage. */
  readonly devices: number;
}

/** `factor`: the aim of the mode in that other room over that of the plan; above 1 is slower, null: no plan at all. */
export type WhatIfDevice =
  | { readonly kind: 'without'; readonly device: string; readonly factor: number | null }
  /** One more device like this one, linked as well as it is. */
  | { readonly kind: 'another'; readonly device: string; readonly factor: number };

/** The planner as the leader sees it: in the product a worker, so that no search ever blocks the page. */
export interface Planner {
  decide(question: PlanQuestion): Promise<PlanAnswer | Infeasible>;
  tell(question: PlanQuestion, plan: PlanResult): Promise<PlanStory>;
}
