import type { PeerId } from '../../ids.ts';
import { holdersOf } from '../../session/holders.ts';
import type { DeviceCard, PlanView, StageView } from '../../session/state.ts';

/** Which of these devices have memory to run a stage of the plan again, beside what they hold of it. */
export function recomputersFor(
  plan: PlanView,
  stage: number,
  present: readonly PeerId[],
  cards: ReadonlyMap<PeerId, DeviceCard>,
): readonly PeerId[] {
  const view = plan.stages[stage];
  if (!view) return [];
  return present.filter((peer) => {
    const card = cards.get(peer);
    if (card?.status !== 'ready' || !card.profile) return false;
    const holds = plan.stages.filter((each) => holdersOf(each).some((holder) => holder.peer === peer));
    const held = holds.reduce((sum, each) => sum + bytesOf(each), 0);
    return held + bytesOf(view) <= card.profile.memoryBytes;
  });
}

function bytesOf({ memoryBytes, weightBytes }: StageView): number {
  return memoryBytes ?? weightBytes;
}
