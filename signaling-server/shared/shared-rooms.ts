import type { PeerId } from '../../core/ids.ts';
import type { ToServer } from '../../core/protocol/signaling.ts';
import type { ServerEvent } from '../events.ts';
import { NO_ICE } from '../ice-lists.ts';
import { Room } from '../room.ts';
import type { Arrival, RoomService, Route } from '../room-service.ts';
import { objectionTo } from '../rooms.ts';
import { refuse, sameSecret, type Visitor } from '../visitor.ts';
import { AwayError } from './agree.ts';
import type { Hall, Place } from './hall.ts';
import { Halls, type SharedRoomsOptions } from './halls.ts';
import { hashed, processOf } from './room-record.ts';
import { Rounds } from './rounds.ts';

/** Words of one visitor that wait until the exchange answers. */
const MOST_QUEUED = 64;

/** Those who go down wait no longer for their last words to arrive. */
const LAST_WORDS_MS = 2000;

/**
 * Rooms that several processes share. Each has its own connections; what a room is, all of them agree on at the
 * exchange, one change after another. Without the exchange those who are inside go on with each other within a process,
 * what they change waits, and newcomers are told to try again.
 */
export class SharedRooms implements RoomService {
  readonly #options: SharedRoomsOptions;
  readonly #halls: Halls;
  readonly #rounds: Rounds;
  readonly #places = new Map<Visitor, Place>();
  #lastNumber = 0;

  constructor(options: SharedRoomsOptions) {
    this.#options = options;
    this.#halls = new Halls(options);
    this.#rounds = new Rounds(this.#halls, options.now);
  }

  get size(): number {
    return this.#halls.size;
  }

  get visitors(): number {
    return this.#places.size;
  }

  /** Whether rooms are shared with other processes now. */
  get isConnected(): boolean {
    return this.#halls.exchange !== undefined;
  }

  async isProven(arrival: Arrival): Promise<boolean> {
    const exchange = this.#halls.exchange;
    if (!exchange) return false;
    const hall = this.#halls.of(arrival.room, exchange);
    // An answer that never comes keeps out, too: the arrival itself is told why.
    const stored = hall.stored ?? (await exchange.load(arrival.room).catch(() => undefined));
    hall.soon(() => {
      if (!hall.stored) hall.know(stored);
    });
    return hall.record !== undefined && sameSecret(hall.record.proof, hashed(arrival).proof);
  }

  hear(visitor: Visitor, message: ToServer): void {
    const place = this.#places.get(visitor);
    if (message.type === 'ping') visitor.send({ type: 'pong' });
    else if (message.type === 'open' || message.type === 'join') this.#arrive(visitor, message);
    else if (message.type === 'signal') {
      const route = this.route(visitor, message.to);
      route?.recipient.send({ type: 'signal', from: route.sender, sealed: message.sealed });
    } else {
      if (place) this.#say(place, message);
      if (message.type === 'leave') visitor.close();
    }
  }

  closed(visitor: Visitor): void {
    const place = this.#places.get(visitor);
    const hall = place && this.#halls.get(place.room);
    if (!place || !hall) return;
    this.#options.ice.forget(visitor);
    this.#places.delete(visitor);
    this.#halls.porter.left(place);
    place.isGone = true;
    hall.inTurn(() => {
      const wasThere = hall.isInside(place) || hall.isKnocking(place);
      if (!wasThere) hall.places.delete(place.number);
      else
        this.#halls.lasting(
          hall,
          (room, bag) => {
            if (place.seat) room?.disconnected(place.peer, bag.visitorAt(place.seat), this.#options.now());
            return room;
          },
          () => {
            hall.places.delete(place.number);
            this.#options.log({ event: 'connection-ended', inRoom: hall.seats.size });
          },
        );
    });
  }

  route(from: Visitor, to: PeerId): Route | undefined {
    const place = this.#places.get(from);
    const hall = place && this.#halls.get(place.room);
    if (!place || !hall?.isInside(place) || to === place.peer) return undefined;
    const seat = hall.seats.get(to);
    if (!seat) return undefined;
    if (processOf(seat) === hall.name) {
      const other = this.#halls.porter.placeAt(seat);
      return other && { recipient: other.visitor, sender: place.peer };
    }
    const { exchange } = this.#halls;
    // Not before it is settled that packets may have been lost.
    if (!exchange || hall.name !== exchange.name) return undefined;
    return { recipient: this.#halls.porter.remoteAt(hall, seat, exchange), sender: place.peer };
  }

  tick(): void {
    this.#options.ice.tick();
    this.#rounds.tick();
  }

  async close(): Promise<void> {
    await this.#halls.close(LAST_WORDS_MS);
  }

  #arrive(visitor: Visitor, message: Arrival): void {
    const { exchange } = this.#halls;
    // One connection, one device: else a page could wait at many doors.
    if (this.#places.has(visitor)) this.#refuse(visitor, 'protocol');
    else if (!exchange) this.#refuse(visitor, 'unavailable');
    else {
      const hall = this.#halls.of(message.room, exchange);
      const place: Place = {
        ...{ visitor, room: message.room, peer: message.peer, number: ++this.#lastNumber },
        ...{ seat: undefined, queued: 0, isGone: false, taken: new Map() },
      };
      this.#places.set(visitor, place);
      this.#halls.porter.came(place);
      hall.places.set(place.number, place);
      hall.inTurn(() => this.#enter(hall, place, hashed(message)));
    }
  }

  async #enter(hall: Hall, place: Place, message: Arrival): Promise<void> {
    if (place.isGone) return;
    const { log, now } = this.#options;
    let event: ServerEvent | undefined;
    try {
      const { exchange } = this.#halls;
      if (!exchange) throw new AwayError('the exchange was lost');
      await this.#halls.change(hall, exchange, (room, bag) => {
        place.seat = `${exchange.name}.${place.number}`;
        const visitor = bag.visitorAt(place.seat);
        const objection = objectionTo(message, room, this.#halls.size - 1);
        if (objection) {
          event = { event: 'refused', reason: objection };
          refuse(visitor, objection);
          return room;
        }
        // Each process tells its newcomers of ICE servers itself: see `halls.ts`.
        const entered = room ?? new Room({ ...message }, NO_ICE, now());
        if (message.type === 'open') entered.open(message, visitor, now());
        else entered.join(message, visitor, now());
        if (!room) event = { event: 'room-opened', rooms: this.#halls.size };
        else if (message.type === 'open') event = { event: 'leader-returned' };
        else event = { event: 'arrived', inRoom: entered.size };
        return entered;
      });
      if (event) log(event);
    } catch (error) {
      if (!(error instanceof AwayError)) throw error;
      this.#refuse(place.visitor, 'unavailable');
    }
  }

  #refuse(visitor: Visitor, reason: 'protocol' | 'unavailable' | 'too-many'): void {
    this.#options.log({ event: 'refused', reason });
    refuse(visitor, reason);
  }

  /** What a member says of the room. Waits for the exchange as long as that takes. */
  #say(place: Place, message: ToServer): void {
    const hall = this.#halls.get(place.room);
    if (!hall) return;
    if (place.queued >= MOST_QUEUED) {
      this.#refuse(place.visitor, 'too-many');
      return;
    }
    place.queued++;
    this.#halls.lasting(
      hall,
      (room, bag) => {
        // One that waits, or was just replaced, has no say.
        if (place.seat && room?.isMember(place.peer, bag.visitorAt(place.seat)))
          room.hear(place.peer, message, this.#options.now());
        return room;
      },
      () => {
        place.queued--;
      },
    );
  }
}
