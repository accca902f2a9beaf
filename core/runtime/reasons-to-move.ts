import type { PlanAnswer } from '../plan/question.ts';
import { isBetter, isWorthMoving, MEMORY_MS, type Standing } from '../plan/replan.ts';
import { holdersOf } from '../session/holders.ts';
import type { PlanView } from '../session/state.ts';
import type { WorkWatch } from './work-watch.ts';

/** True when the plan cannot stay, or has not begun to work. `target`: in force, or on its way there. */
export function mustLeave(
  target: PlanView,
  view: PlanView,
  { presentMs }: PlanAnswer,
  { forced, inForce }: { readonly forced: boolean; readonly inForce: boolean },
): boolean {
  const more = view.mode === 'everyone' && holderCount(view) > holderCount(target);
  if (forced || more) return true;
  // A plan on its way is let arrive: what is measured meanwhile is measured while devices load.
  return inForce && presentMs === null;
}

/** Remembers what speaks for leaving a plan that works for a better one: how long that is better, how lately others were left. */
export class ReasonsToMove {
  #betterSince: number | undefined;
  #runningSince = 0;
  /** When the plan was last left for a better one, though it worked. */
  #leftAt: number[] = [];

  /** A better plan is known. */
  get arePending(): boolean {
    return this.#betterSince !== undefined;
  }

  /** The plan in force is the best, or left. */
  clear(): void {
    this.#betterSince = undefined;
  }

  /** A plan has begun to run. */
  runs(now: number): void {
    this.#runningSince = now;
  }

  /** A plan that works is left for a better one. */
  left(now: number): void {
    this.#leftAt = [...this.#leftAt, now].filter((at) => now - at < MEMORY_MS);
  }

  /** The plan works, and a better one is worth the move. */
  mayLeave(
    { presentMs, bestMs }: PlanAnswer,
    work: WorkWatch,
    cost: () => Pick<Standing, 'moveMs' | 'alongside'>,
    now: number,
  ): boolean {
    if (presentMs === null) return false;
    if (!isBetter(presentMs, bestMs)) this.#betterSince = undefined;
    else this.#betterSince ??= now;
    // What only a change of plan would lose outweighs any gain.
    if (work.keepsStates) return false;
    return isWorthMoving({
      presentMs,
      bestMs,
      betterForMs: now - (this.#betterSince ?? now),
      runningForMs: now - this.#runningSince,
      moves: this.#leftAt.filter((at) => now - at < MEMORY_MS).length,
      busyForMs: work.busyForMs(now),
      ...cost(),
    });
  }
}

function holderCount(plan: PlanView): number {
  return new Set(plan.stages.flatMap((stage) => holdersOf(stage).map(({ peer }) => peer))).size;
}
