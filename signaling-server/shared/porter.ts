import { Recipient } from '../recipient.ts';
import type { Exchange } from './exchange.ts';
import type { Hall, Place } from './hall.ts';
import { type Letter, writeLetter } from './letters.ts';
import { RemoteMember } from './remote-member.ts';
import { numberOf, type Seat } from './room-record.ts';

/** Others are told so often what has left towards a visitor; below their window, see `remote-member.ts`. */
const TELL_BYTES = 256 * 1024;

/** Carries signals and packets between members that different processes have. */
export class Porter {
  /** Told when nobody is there for a process's members. */
  readonly #absent: (process: string) => void;
  readonly #places = new Map<number, Place>();
  readonly #remotes = new Map<Seat, RemoteMember>();
  /** Of which room the remotes are, to notice who is no longer in it. */
  readonly #seats = new Map<Hall, Set<Seat>>();

  constructor(absent: (process: string) => void) {
    this.#absent = absent;
  }

  came(place: Place): void {
    this.#places.set(place.number, place);
  }

  left(place: Place): void {
    this.#places.delete(place.number);
  }

  /** Of this process. */
  placeAt(seat: Seat): Place | undefined {
    return this.#places.get(numberOf(seat));
  }

  /** Of another one. */
  remoteAt(hall: Hall, seat: Seat, exchange: Exchange): RemoteMember {
    const known = this.#remotes.get(seat);
    if (known) return known;
    const remote = new RemoteMember(exchange, seat, this.#absent);
    this.#remotes.set(seat, remote);
    const seats = this.#seats.get(hall) ?? new Set();
    this.#seats.set(hall, seats.add(seat));
    return remote;
  }

  /** Nobody waits any longer for those who have left the room. */
  prune(hall: Hall): void {
    this.#keepOnly(hall, new Set(hall.seats.values()));
  }

  /** Nobody here is in the room any more. */
  forget(hall: Hall): void {
    this.#keepOnly(hall, new Set());
  }

  #keepOnly(hall: Hall, inside: ReadonlySet<Seat>): void {
    const seats = this.#seats.get(hall);
    if (!seats) return;
    for (const seat of seats) {
      if (inside.has(seat)) continue;
      seats.delete(seat);
      this.#remotes.get(seat)?.release();
      this.#remotes.delete(seat);
    }
    if (seats.size === 0) this.#seats.delete(hall);
  }

  /** The way to other processes is gone; nobody waits for anybody there. */
  clear(): void {
    const remotes = [...this.#remotes.values()];
    this.#remotes.clear();
    this.#seats.clear();
    for (const place of this.#places.values()) place.taken.clear();
    for (const remote of remotes) remote.release();
  }

  /** Something from another process; behind what the room has to be told first. */
  deliver(
    letter: Exclude<Letter, { type: 'changed' }>,
    exchange: Exchange | undefined,
    hallOf: (place: Place) => Hall | undefined,
  ): void {
    if (letter.type === 'taken') {
      this.#remotes.get(`${letter.by}.${letter.seat}`)?.taken(letter.bytes);
      return;
    }
    const place = this.#places.get(letter.seat);
    if (!place) return;
    hallOf(place)?.soon(() => {
      const { visitor } = place;
      if (letter.type === 'signal') {
        visitor.send({ type: 'signal', from: letter.sender, sealed: letter.sealed });
        this.#taken(place, letter.from, letter.sealed.length, exchange);
      } else if (visitor instanceof Recipient) {
        visitor.relay(letter.packet, () => this.#taken(place, letter.from, letter.packet.length, exchange));
      }
    });
  }

  #taken(place: Place, from: string, more: number, exchange: Exchange | undefined): void {
    const bytes = (place.taken.get(from) ?? 0) + more;
    place.taken.set(from, bytes < TELL_BYTES ? bytes : 0);
    if (bytes < TELL_BYTES || !exchange) return;
    const letter: Letter = { type: 'taken', by: exchange.name, seat: place.number, bytes };
    exchange.post({ to: from, bytes: writeLetter(letter) }).catch(() => undefined);
  }
}
