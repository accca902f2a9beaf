import type { PeerId } from '../ids.ts';
import { holdersOf } from './holders.ts';
import type { PlanView } from './state.ts';

/** Blocks that one device holds now and another held before. */
export interface LayerMove {
  readonly from: PeerId;
  readonly to: PeerId;
  readonly blocks: number;
}

/** Which layers changed hands between two plans of one model, most first; a copy comes from the first who has them. */
export function movesBetween(before: PlanView, after: PlanView): LayerMove[] {
  const moves = new Map<string, LayerMove>();
  for (let block = 0; block < after.blocks; block++) {
    const had = holdersAt(before, block);
    const has = holdersAt(after, block);
    const from = had.find((peer) => !has.includes(peer)) ?? had[0];
    for (const to of has) {
      if (from === undefined || had.includes(to)) continue;
      const key = `${from} ${to}`;
      moves.set(key, { from, to, blocks: (moves.get(key)?.blocks ?? 0) + 1 });
    }
  }
  return [...moves.values()].sort((a, b) => b.blocks - a.blocks);
}

function holdersAt(plan: PlanView, block: number): PeerId[] {
  return plan.stages
    .filter(({ start, end }) => start <= block && block < end)
    .flatMap((stage) => holdersOf(stage).map(({ peer }) => peer));
}
