import { LinkClosedError } from '../errors.ts';
import type { PeerId, Sha256 } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { WantedPiece } from '../protocol/messages.ts';
import { decodePieceFrame } from '../protocol/piece-frame.ts';
import { type Answer, Ask } from './ask.ts';
import { PieceGiver } from './piece-giver.ts';
import type { Shelf } from './shelf.ts';

/** Asks other devices for pieces, and gives them those that are on this device's shelf. */
export class PieceExchange {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #giver: PieceGiver;
  readonly #asks = new Map<number, Ask>();
  #ticket = 0;

  constructor(network: Network, clock: Clock, shelf: Shelf) {
    this.#network = network;
    this.#clock = clock;
    this.#giver = new PieceGiver(network, shelf);
  }

  /**
   * The bytes of a piece from another device, of the right length but not verified; the caller owns them. What is
   * already on its way when the signal aborts is dropped when it arrives.
   * @throws LinkClosedError, ProtocolError for silence or a wrong length, or the signal's reason.
   */
  async ask(peer: PeerId, hash: Sha256, length: number, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const ticket = this.#nextTicket();
    const ask = new Ask({ network: this.#network, clock: this.#clock, peer, ticket, hash, length });
    const abort = (): void => ask.fail(signal.reason);
    this.#asks.set(ticket, ask);
    signal.addEventListener('abort', abort);
    try {
      return await ask.answer;
    } finally {
      this.#asks.delete(ticket);
      signal.removeEventListener('abort', abort);
    }
  }

  /** A peer wants pieces. */
  wanted(peer: PeerId, pieces: readonly WantedPiece[]): void {
    this.#giver.wanted(peer, pieces);
  }

  refused(peer: PeerId, ticket: number, reason: string): void {
    this.#askOf(peer, ticket)?.refused(reason);
  }

  /** A piece arrived; those that nobody asked that peer for are dropped. @throws ProtocolError */
  arrived(peer: PeerId, message: Uint8Array<ArrayBuffer>): void {
    const { ticket, bytes } = decodePieceFrame(message);
    this.#askOf(peer, ticket)?.arrived(bytes);
  }

  peerDown(peer: PeerId): void {
    this.#giver.peerDown(peer);
    const gone = new LinkClosedError('The device that was asked for weights left.', {
      step: 'ask for weights',
    });
    for (const ask of this.#asks.values()) if (ask.peer === peer) ask.fail(gone);
  }

  #askOf(peer: PeerId, ticket: number): Ask | undefined {
    const ask = this.#asks.get(ticket);
    return ask?.peer === peer ? ask : undefined;
  }

  /** Unsigned 32 bits, as in a piece frame. */
  #nextTicket(): number {
    do this.#ticket = (this.#ticket + 1) >>> 0;
    while (this.#asks.has(this.#ticket));
    return this.#ticket;
  }
}
