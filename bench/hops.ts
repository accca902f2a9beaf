import type { PlanView } from '../core/session/state.ts';

/** A transfer between two devices of a plan, by peer. */
export interface PlannedHop {
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
}

/**
 * The transfers that a request must make under a plan: from home to the first stage, from stage to stage,
 * and home again. What stays on one device is no transfer.
 */
export function hopsOf(plan: Pick<PlanView, 'stages'>, home: string, inputBytes: number): PlannedHop[] {
  const holders = [home, ...plan.stages.map(({ peer }) => peer), home];
  const bytes = [inputBytes, ...plan.stages.map(({ sendsBytes }) => sendsBytes)];
  return bytes
    .map((amount, i) => ({ from: holders[i] ?? home, to: holders[i + 1] ?? home, bytes: amount }))
    .filter(({ from, to }) => from !== to);
}
