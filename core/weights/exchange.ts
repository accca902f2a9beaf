import { LinkClosedError, messageOf, ProtocolError } from '../errors.ts';
import type { PeerId, Sha256 } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { WantedPiece } from '../protocol/messages.ts';
import { decodePieceFrame, encodePieceFrame } from '../protocol/piece-frame.ts';
import type { Shelf } from './shelf.ts';

/** A peer that sends nothing of a piece for this long is not asked again; 4 MiB take 32 s at 1 Mbit/s. */
const PATIENCE_MS = 45_000;
/** Wishes that one peer may have open here: a whole stage's, and no more. */
const MOST_WISHES = 4096;

/** Waits for one piece. */
interface Ask {
  readonly peer: PeerId;
  readonly length: number;
  readonly settle: (outcome: Uint8Array<ArrayBuffer> | Error) => void;
}

/** Asks other devices for pieces, and gives them those that are on this device's shelf. */
export class PieceExchange {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #shelf: Shelf;
  readonly #asks = new Map<number, Ask>();
  readonly #wishes = new Map<PeerId, WantedPiece[]>();
  #ticket = 0;

  constructor(network: Network, clock: Clock, shelf: Shelf) {
    this.#network = network;
    this.#clock = clock;
    this.#shelf = shelf;
  }

  /**
   * The bytes of a piece from another device, of the right length but not verified; the caller owns them.
   * @throws LinkClosedError, ProtocolError, or the signal's reason.
   */
  ask(
    peer: PeerId,
    hash: Sha256,
    length: number,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const ticket = this.#ticket++ >>> 0;
    return new Promise((resolve, reject) => {
      const late = (): void =>
        settle(refusal('send a piece of weights', `within ${PATIENCE_MS / 1000} s`, 'nothing'));
      const timer = this.#clock.setTimeout(late, PATIENCE_MS);
      const abort = (): void => settle(signal.reason as Error);
      const settle = (outcome: Uint8Array<ArrayBuffer> | Error): void => {
        this.#asks.delete(ticket);
        this.#clock.clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        if (outcome instanceof Uint8Array) resolve(outcome);
        else reject(outcome);
      };
      if (signal.aborted) return settle(signal.reason as Error);
      signal.addEventListener('abort', abort);
      this.#asks.set(ticket, { peer, length, settle });
      this.#network.sendControl(peer, { type: 'want-pieces', pieces: [{ ticket, hash }] });
    });
  }

  /** A peer wants pieces. They go one after the other, so that many peers share this device's way out evenly. */
  wanted(peer: PeerId, pieces: readonly WantedPiece[]): void {
    const wishes = this.#wishes.get(peer);
    const open = wishes?.length ?? 0;
    const accepted = pieces.slice(0, Math.max(0, MOST_WISHES - open));
    for (const { ticket } of pieces.slice(accepted.length)) {
      this.#network.sendControl(peer, { type: 'piece-refused', ticket, reason: 'too many wishes at once' });
    }
    if (wishes) wishes.push(...accepted);
    else {
      this.#wishes.set(peer, accepted);
      void this.#serve(peer, accepted);
    }
  }

  refused(peer: PeerId, ticket: number, reason: string): void {
    const ask = this.#asks.get(ticket);
    if (ask?.peer === peer) ask.settle(refusal('send a piece of weights', 'the piece', reason));
  }

  /** A piece arrived; those that nobody asked that peer for are dropped. @throws ProtocolError */
  arrived(peer: PeerId, message: Uint8Array<ArrayBuffer>): void {
    const { ticket, bytes } = decodePieceFrame(message);
    const ask = this.#asks.get(ticket);
    if (ask?.peer !== peer) return;
    if (bytes.byteLength === ask.length) ask.settle(bytes);
    else ask.settle(refusal('receive a piece of weights', `${ask.length} bytes`, `${bytes.byteLength} bytes`));
  }

  peerDown(peer: PeerId): void {
    this.#wishes.delete(peer);
    const gone = new LinkClosedError('The device that was asked for weights left.', { step: 'ask for weights' });
    for (const ask of [...this.#asks.values()]) if (ask.peer === peer) ask.settle(gone);
  }

  async #serve(peer: PeerId, wishes: WantedPiece[]): Promise<void> {
    for (let wish = wishes.shift(); wish; wish = wishes.shift()) {
      const { ticket, hash } = wish;
      if (this.#wishes.get(peer) !== wishes) return;
      try {
        const blob = await this.#shelf.peek(hash);
        if (blob) {
          const bytes = new Uint8Array(await blob.arrayBuffer());
          await this.#network.send(peer, 'shard', encodePieceFrame({ ticket, bytes }));
          continue;
        }
        this.#network.sendControl(peer, { type: 'piece-refused', ticket, reason: 'it is not here' });
      } catch (error) {
        this.#network.sendControl(peer, { type: 'piece-refused', ticket, reason: messageOf(error).slice(0, 200) });
      }
    }
    if (this.#wishes.get(peer) === wishes) this.#wishes.delete(peer);
  }
}

function refusal(step: string, expected: string, actual: string): ProtocolError {
  return new ProtocolError(`A device did not ${step}: expected ${expected}, got ${actual}.`, {
    step,
    expected,
    actual,
  });
}
