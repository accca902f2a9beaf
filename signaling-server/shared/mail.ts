import type { FromServer } from '../../core/protocol/signaling.ts';
import type { Visitor } from '../visitor.ts';
import type { Mail } from './letters.ts';
import { numberOf, processOf, type Seat } from './room-record.ts';

interface SeatedVisitor extends Visitor {
  readonly seat: Seat;
}

/** What a room says to its visitors while a change is tried: kept until the change holds. */
export class MailBag {
  readonly #visitors = new Map<Seat, SeatedVisitor>();
  readonly #mail: { readonly seat: Seat; readonly message: FromServer | null }[] = [];

  /** The same object for the same seat: rooms tell visitors apart by identity. */
  readonly visitorAt = (seat: Seat): Visitor => {
    const known = this.#visitors.get(seat);
    if (known) return known;
    const visitor: SeatedVisitor = {
      seat,
      send: (message) => this.#mail.push({ seat, message }),
      close: () => this.#mail.push({ seat, message: null }),
    };
    this.#visitors.set(seat, visitor);
    return visitor;
  };

  /** Of a visitor from this bag. */
  readonly seatOf = (visitor: Visitor): Seat => (visitor as SeatedVisitor).seat;

  /** For the visitors of one process, in order. */
  for(process: string): Mail[] {
    return this.#mail
      .filter(({ seat }) => processOf(seat) === process)
      .map(({ seat, message }) => [numberOf(seat), message]);
  }

  /** Processes that have mail. */
  processes(): string[] {
    return [...new Set(this.#mail.map(({ seat }) => processOf(seat)))];
  }
}
