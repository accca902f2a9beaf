import type { PeerId } from '../../ids.ts';

/** What audits have shown of each device that holds layers. */
export class TrackRecord {
  /** When a run of a device that turned out right was handed on; before the first, when it got layers. */
  readonly #goodAt = new Map<PeerId, number>();
  /** Runs in a row that were off by bits. */
  readonly #odd = new Map<PeerId, number>();

  /** A device has layers. */
  begins(peer: PeerId, now: number): void {
    if (!this.#goodAt.has(peer)) this.#goodAt.set(peer, now);
  }

  /** A run that was handed on at this time was right. */
  good(peer: PeerId, at: number): void {
    this.#goodAt.set(peer, at);
    this.#odd.delete(peer);
  }

  /** A run was off by bits: how many in a row that makes. */
  odd(peer: PeerId): number {
    const odd = (this.#odd.get(peer) ?? 0) + 1;
    this.#odd.set(peer, odd);
    return odd;
  }

  uncheckedMs(peer: PeerId, now: number): number {
    return now - (this.#goodAt.get(peer) ?? now);
  }

  forget(peer: PeerId): void {
    this.#goodAt.delete(peer);
    this.#odd.delete(peer);
  }
}
