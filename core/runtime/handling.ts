import type { PeerId } from '../ids.ts';

/** Weight of what is told anew: a median already, but of few items. */
const SMOOTHING = 0.3;

/**
 * What passes on each device between one item and the next where both were there: the page takes in, sends on and
 * paints. Known once a device was the busiest in a stream; in ms, packing of many bytes not included.
 */
export class Handling {
  readonly #ms = new Map<PeerId, number>();

  learn(peer: PeerId, ms: number): void {
    const before = this.#ms.get(peer) ?? ms;
    this.#ms.set(peer, before + SMOOTHING * (ms - before));
  }

  /** Undefined where it is not known. */
  of(peer: PeerId): number | undefined {
    return this.#ms.get(peer);
  }

  forget(peer: PeerId): void {
    this.#ms.delete(peer);
  }

  clear(): void {
    this.#ms.clear();
  }
}
