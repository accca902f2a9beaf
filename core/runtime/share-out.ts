import type { PeerId } from '../ids.ts';
import type { StageHolder } from '../session/holders.ts';

/** A millionth of a second: where a time was too short to be measured, counts alone decide. */
const LEAST_MS = 1e-3;

/** The holder that would be done first if it got one more item beside the `load` that it has; ties: the first. */
export function soonest(
  holders: readonly StageHolder[],
  load: (peer: PeerId) => number,
): StageHolder | undefined {
  const done = ({ peer, ms }: StageHolder): number => (load(peer) + 1) * Math.max(ms, LEAST_MS);
  return holders.reduce<StageHolder | undefined>(
    (best, holder) => (best && done(best) <= done(holder) ? best : holder),
    undefined,
  );
}

/** All runs of one sequence go the same way, because its states stay where they are made; undefined for plain runs. */
export function ofSequence(holders: readonly StageHolder[], sequence: number): PeerId | undefined {
  return sequence > 0 ? holders[sequence % holders.length]?.peer : undefined;
}

/** Deals items to the holders of a stage in proportion to their speeds, for a sender that hears nothing back. */
export class ShareOut {
  readonly #dealt = new Map<PeerId, number>();

  /** Who gets the next item. */
  next(holders: readonly StageHolder[]): PeerId | undefined {
    const peer = soonest(holders, (holder) => this.#dealt.get(holder) ?? 0)?.peer;
    if (peer !== undefined) this.#dealt.set(peer, (this.#dealt.get(peer) ?? 0) + 1);
    return peer;
  }
}
