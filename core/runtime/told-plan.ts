import type { Epoch } from '../ids.ts';
import type { PlanAnswer, PlanStory } from '../plan/question.ts';
import type { PlanView, Progress } from '../session/state.ts';
import { withStory } from './plan-view.ts';

/** News of how the plan stands is told when it has changed by this much. */
export const NEWS = 0.05;

export interface ToldPlanOptions {
  readonly publish: (plan: PlanView | null) => void;
  readonly progress: (progress: Progress | null) => void;
  /** Another plan is in force, or none. */
  readonly replaced: () => void;
}

/** The plan in force, as people are told of it. */
export class ToldPlan {
  readonly #options: ToldPlanOptions;
  #now: PlanView | null = null;
  /** People are told that layers move while the plan before goes on. */
  #moves = false;

  constructor(options: ToldPlanOptions) {
    this.#options = options;
  }

  get now(): PlanView | null {
    return this.#now;
  }

  show(plan: PlanView | null): void {
    if (plan?.epoch !== this.#now?.epoch || plan === null) this.#options.replaced();
    if (JSON.stringify(plan) !== JSON.stringify(this.#now)) this.inherit(plan);
  }

  /** Goes on with what another leader told. */
  inherit(plan: PlanView | null): void {
    this.#now = plan;
    this.#options.publish(plan);
  }

  addStory(story: PlanStory | undefined, epoch: Epoch): void {
    if (story && this.#now?.epoch === epoch) this.show(withStory(this.#now, story));
  }

  /** How the plan that runs stands against the best one now. */
  standing({ presentMs, bestMs }: PlanAnswer): void {
    const plan = this.#now;
    if (plan?.status !== 'running' || presentMs === null) return;
    const near = (a: number, b: number): boolean => Math.abs(a - b) <= NEWS * Math.max(a, b);
    const { now } = plan;
    if (now && near(now.presentMs, presentMs) && near(now.bestMs, bestMs)) return;
    this.show({ ...plan, now: { presentMs, bestMs } });
  }

  moving(moves: boolean): void {
    if (moves === this.#moves) return;
    this.#moves = moves;
    this.#options.progress(moves ? { step: 'Moving layers', fraction: null } : null);
  }
}
