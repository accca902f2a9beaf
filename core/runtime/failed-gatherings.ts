import type { PeerId } from '../ids.ts';

/** A device that cannot gather its weights so often in a row is left out, until others turn up. */
const GATHERINGS = 3;

/** Moves that failed because weights could not be gathered, though the devices are able. */
export class FailedGatherings {
  /** Weights are on no device that is here: nothing can be brought until they are. */
  #lacks = false;
  /** How often each device could not gather its weights in a row. */
  readonly #counts = new Map<PeerId, number>();

  get lacks(): boolean {
    return this.#lacks;
  }

  newModel(): void {
    this.#lacks = false;
    this.#counts.clear();
  }

  /** A plan has arrived. */
  arrived(): void {
    this.#counts.clear();
  }

  /** Weights turned out to be on no device that is here. */
  lack(): void {
    this.#lacks = true;
  }

  /** `lacking`: so many pieces of the weights are on no device now. */
  stillLack(lacking: number): boolean {
    this.#lacks &&= lacking > 0;
    return this.#lacks;
  }

  /** Weights that arrived damaged, or from a device that left, may be had in the next attempt. */
  mayTryAgain(peer: PeerId): boolean {
    const count = (this.#counts.get(peer) ?? 0) + 1;
    this.#counts.set(peer, count);
    return count < GATHERINGS;
  }
}
