import type { PeerId } from '../ids.ts';
import type { PlanView, StageView } from './state.ts';

/** A device that holds a stage, and how long one item takes it there. */
export interface StageHolder {
  readonly peer: PeerId;
  readonly ms: number;
}

/** All devices that hold a stage: one, or several that share its items by speed. */
export function holdersOf({ peer, predictedMs, copies = [] }: StageView): readonly StageHolder[] {
  return [{ peer, ms: predictedMs }, ...copies.map((copy) => ({ peer: copy.peer, ms: copy.predictedMs }))];
}

/** True when the device holds a stage of the plan, alone or with others. */
export function holdsLayers(plan: PlanView | null, peer: PeerId): boolean {
  return plan?.stages.some((stage) => holdersOf(stage).some((holder) => holder.peer === peer)) ?? false;
}
