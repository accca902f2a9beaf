import { makeShard } from '../graph/shard.ts';
import type { PeerId } from '../ids.ts';
import type { LinkReport } from '../protocol/messages.ts';
import { holdersOf } from '../session/holders.ts';
import type { DeviceCard, PlanView, StageView } from '../session/state.ts';
import type { PieceLedger } from '../weights/ledger.ts';
import { BASE_BYTES } from './footprint.ts';
import type { OpenModel } from './open-model.ts';
import { sameStage } from './plan-view.ts';

/** A fresh worker with the runtime in it, warmed up: measured 0.2 to 0.5 s here, more on a phone. */
const WORKER_MS = 500;
/** From disk into the runtime, hashing included: measured 100 to 200 MB/s here. */
const LOAD_MS_PER_BYTE = 1 / 100e3;
/** Of a link that nobody has measured. */
const UNMEASURED_MBIT = 20;

/** A stage that a device would have to load. */
interface NewStage {
  readonly peer: PeerId;
  readonly stage: StageView;
}

function newStages(before: PlanView, after: PlanView): NewStage[] {
  const has = (peer: PeerId, stage: StageView): boolean =>
    before.stages.some(
      (old) => sameStage(old, stage) && holdersOf(old).some((holder) => holder.peer === peer),
    );
  return after.stages.flatMap((stage) =>
    holdersOf(stage).flatMap(({ peer }) => (has(peer, stage) ? [] : [{ peer, stage }])),
  );
}

/** How long a change of plan takes, about: the slowest device to fetch and load what it has not yet. */
export function moveMs(
  before: PlanView,
  after: PlanView,
  { graph, blocks }: OpenModel,
  ledger: PieceLedger,
  links: ReadonlyMap<PeerId, readonly LinkReport[]>,
): number {
  const mbitOf = (peer: PeerId): number =>
    Math.max(0, ...(links.get(peer) ?? []).map(({ mbitPerSec }) => mbitPerSec)) || UNMEASURED_MBIT;
  const times = newStages(before, after).map(({ peer, stage }) => {
    const { weights } = makeShard(graph, blocks, stage.start, stage.end);
    const fetched = ledger.missingBytes(peer, weights);
    return WORKER_MS + stage.weightBytes * LOAD_MS_PER_BYTE + (fetched * 8) / (mbitOf(peer) * 1000);
  });
  return Math.max(0, ...times);
}

/** True when every device has memory for what it holds and for what it is to hold, at the same time. */
export function fitsAlongside(before: PlanView, after: PlanView, cards: readonly DeviceCard[]): boolean {
  const fresh = newStages(before, after);
  return cards.every(({ peer, profile }) => {
    const coming = fresh.filter((each) => each.peer === peer);
    if (coming.length === 0) return true;
    const bytes = [
      ...before.stages.filter((stage) => holdersOf(stage).some((holder) => holder.peer === peer)),
    ]
      .concat(coming.map(({ stage }) => stage))
      .reduce((sum, { memoryBytes, weightBytes }) => sum + (memoryBytes ?? weightBytes), 0);
    return bytes + coming.length * BASE_BYTES <= (profile?.memoryBytes ?? 0);
  });
}
