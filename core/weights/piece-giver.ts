import { messageOf } from '../errors.ts';
import type { PeerId } from '../ids.ts';
import type { Network } from '../mesh/network.ts';
import type { WantedPiece } from '../protocol/messages.ts';
import { encodePieceFrame } from '../protocol/piece-frame.ts';
import type { Shelf } from './shelf.ts';

/** Open wishes of one peer: it asks for two at a time, and for two more after each change of its plan. */
const MOST_WISHES = 64;
/** As much of a reason as a message may say. */
const REASON_CHARACTERS = 200;

/**
 * Gives pieces from this device's shelf. Those of one peer go one after the other, so that at most one per peer is
 * in memory; peers do not wait for each other, so that a slow one stops nobody.
 */
export class PieceGiver {
  readonly #network: Network;
  readonly #shelf: Shelf;
  readonly #wishes = new Map<PeerId, WantedPiece[]>();

  constructor(network: Network, shelf: Shelf) {
    this.#network = network;
    this.#shelf = shelf;
  }

  /** A peer wants pieces. Each gets an answer, as long as the link lasts. */
  wanted(peer: PeerId, pieces: readonly WantedPiece[]): void {
    const open = this.#wishes.get(peer);
    const wishes = open ?? [];
    for (const wish of pieces) {
      if (wishes.length < MOST_WISHES) wishes.push(wish);
      else this.#refuse(peer, wish.ticket, `${MOST_WISHES} wishes wait already`);
    }
    if (open) return;
    this.#wishes.set(peer, wishes);
    void this.#serve(peer, wishes);
  }

  peerDown(peer: PeerId): void {
    this.#wishes.delete(peer);
  }

  /** Ends when the peer left, though it may be back with other wishes. */
  async #serve(peer: PeerId, wishes: WantedPiece[]): Promise<void> {
    while (this.#wishes.get(peer) === wishes) {
      const wish = wishes.shift();
      if (wish) await this.#give(peer, wish);
      else this.#wishes.delete(peer);
    }
  }

  async #give(peer: PeerId, { ticket, hash }: WantedPiece): Promise<void> {
    try {
      const blob = await this.#shelf.peek(hash);
      if (!blob) return this.#refuse(peer, ticket, 'it is not here');
      const bytes = new Uint8Array(await blob.arrayBuffer());
      await this.#network.send(peer, 'shard', encodePieceFrame({ ticket, bytes }));
    } catch (error) {
      // A file that changed on disk, or a link that closed: then nobody hears this.
      this.#refuse(peer, ticket, messageOf(error));
    }
  }

  #refuse(peer: PeerId, ticket: number, reason: string): void {
    this.#network.sendControl(peer, {
      type: 'piece-refused',
      ticket,
      reason: reason.slice(0, REASON_CHARACTERS),
    });
  }
}
