import type { PeerId } from '../ids.ts';
import type { Network } from '../mesh/network.ts';
import { type ForLeader, hear, type LeaderEars } from './leader-ears.ts';

/** The way to the leader, which may be in this very page. */
export class ToLeader {
  /** Who leads and is here. */
  leader: PeerId | undefined;
  /** Of the leader in this page. */
  ears: LeaderEars | undefined;
  readonly #network: Network;

  constructor(network: Network) {
    this.#network = network;
  }

  /** Has what the leader lays out for everybody. */
  get owner(): PeerId {
    return this.leader ?? this.#network.me;
  }

  /** Said by another device: only that one decides what runs where. */
  isLeader(peer: PeerId): boolean {
    return peer === this.leader && !this.ears;
  }

  /** Without a leader it is lost. */
  tell(message: ForLeader): void {
    if (this.ears) hear(this.ears, this.#network.me, message);
    else if (this.leader) this.#network.sendControl(this.leader, message);
  }
}
