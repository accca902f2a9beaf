import type { PeerId } from '../../core/ids.ts';
import { holdersOf } from '../../core/session/holders.ts';
import type { PlanView, StageView } from '../../core/session/state.ts';
import { span } from './format.ts';

/** One of the devices that hold a stage. */
export interface Lane {
  readonly peer: PeerId;
  readonly ms: number;
  /** Of the stage's items, 0..1: those who are twice as fast take twice as many. */
  readonly share: number;
}

export function lanesOf(stage: StageView): readonly Lane[] {
  const holders = holdersOf(stage);
  const speed = (ms: number): number => 1 / Math.max(ms, 1e-6);
  const together = holders.reduce((total, { ms }) => total + speed(ms), 0);
  return holders.map(({ peer, ms }) => ({ peer, ms, share: speed(ms) / together }));
}

/** Time that an item spends in the stage, on average over the devices that share it. */
export function meanMs(stage: StageView): number {
  return lanesOf(stage).reduce((total, { ms, share }) => total + ms * share, 0);
}

/** What one device holds of the plan: a stage, or as the home of both ends, two. */
export interface Holding {
  readonly index: number;
  readonly stage: StageView;
  readonly lane: Lane;
}

export function holdingsOf(plan: PlanView | null, peer: PeerId): readonly Holding[] {
  return (plan?.stages ?? []).flatMap((stage, index) => {
    const lane = lanesOf(stage).find((candidate) => candidate.peer === peer);
    return lane ? [{ index, stage, lane }] : [];
  });
}

/** "layers 1–3 and 25–27", "all layers". */
export function heldLayers(holdings: readonly Holding[], blocks: number): string {
  const only = holdings.length === 1 ? holdings[0]?.stage : undefined;
  if (only && only.end - only.start === blocks) return blocks === 1 ? 'the one layer' : 'all layers';
  const one = only && only.end - only.start === 1;
  return `${one ? 'layer' : 'layers'} ${holdings.map(({ stage }) => span(stage.start, stage.end)).join(' and ')}`;
}

/** How many devices take part. */
export function holderCount(plan: PlanView): number {
  return new Set(plan.stages.flatMap((stage) => holdersOf(stage).map(({ peer }) => peer))).size;
}

/** The device that holds both the first and the last layers, where that is one and there are others between. */
export function homeOfEnds(plan: PlanView): PeerId | null {
  const [first, last] = [plan.stages[0], plan.stages.at(-1)];
  return first && last && first !== last && first.peer === last.peer ? first.peer : null;
}
