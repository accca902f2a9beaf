import type { FromServer } from '../../core/protocol/signaling.ts';
import { Recipient } from '../recipient.ts';
import type { Exchange } from './exchange.ts';
import { type Letter, writeLetter } from './letters.ts';
import { numberOf, processOf, type Seat } from './room-record.ts';

/** On the way to one member; its senders wait beyond that. At 10 ms from process to process: 100 MB/s. */
const WINDOW_BYTES = 1024 * 1024;

/** Of all together, in this process: Redis takes less than is sent. */
const MOST_PENDING_BYTES = 16 * 1024 * 1024;

const LOOK_AGAIN_MS = 50;

/** A member whose connection is at another process: what it is sent goes there. */
export class RemoteMember extends Recipient {
  readonly #exchange: Exchange;
  readonly #seat: Seat;
  /** Told when the process is no longer there. */
  readonly #absent: (process: string) => void;
  /** Sent, and not yet said to have left that process. */
  #onItsWay = 0;

  constructor(exchange: Exchange, seat: Seat, absent: (process: string) => void) {
    super();
    this.#exchange = exchange;
    this.#seat = seat;
    this.#absent = absent;
  }

  /** Signals only: everything else is told with a change of the room. */
  send(message: FromServer): void {
    if (message.type !== 'signal') return;
    const { from: sender, sealed } = message;
    this.#post(
      { type: 'signal', from: this.#exchange.name, seat: numberOf(this.#seat), sender, sealed },
      sealed.length,
    );
  }

  relay(packet: Buffer): void {
    this.#post(
      { type: 'packet', from: this.#exchange.name, seat: numberOf(this.#seat), packet },
      packet.length,
    );
  }

  /** Its connection is not ours to close. */
  close(): void {}

  isSlow(): boolean {
    return this.#onItsWay > WINDOW_BYTES || this.#exchange.pendingBytes > MOST_PENDING_BYTES;
  }

  /** So many bytes have left its process. */
  taken(bytes: number): void {
    this.#onItsWay -= bytes;
    this.#releaseIfQuick();
  }

  #post(letter: Letter, bytes: number): void {
    this.#onItsWay += bytes;
    const to = processOf(this.#seat);
    this.#exchange.post({ to, bytes: writeLetter(letter) }).then(
      (isThere) => {
        if (isThere) this.#releaseIfQuick();
        else this.#absent(to);
      },
      // The connection to the exchange is over, and with it this object.
      () => undefined,
    );
  }

  #releaseIfQuick(): void {
    if (!this.isSlow()) this.release();
    // What others sent is still to go; nobody says when it has.
    else if (this.#onItsWay <= WINDOW_BYTES) setTimeout(() => this.#releaseIfQuick(), LOOK_AGAIN_MS).unref();
  }
}
