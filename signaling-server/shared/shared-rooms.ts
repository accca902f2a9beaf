import type { PeerId, RoomId } from '../../core/ids.ts';
import type { FromServer, IceServer, ToServer } from '../../core/protocol/signaling.ts';
import type { ServerEvent } from '../events.ts';
import { GRACE_MS, Room } from '../room.ts';
import type { Arrival, RoomService, Route } from '../room-service.ts';
import { objectionTo } from '../rooms.ts';
import { refuse, sameSecret, type Visitor } from '../visitor.ts';
import { type Act, AwayError, agree, countOf } from './agree.ts';
import { type Exchange, KEEP_MS, type OpenExchange, type Stored } from './exchange.ts';
import { Hall, type Place, recordIn } from './hall.ts';
import { type Mail, readLetter } from './letters.ts';
import { Lifeline } from './lifeline.ts';
import { Porter } from './porter.ts';
import { rejoin } from './rejoin.ts';
import { hashed, processOf, type RoomRecord, type Seat } from './room-record.ts';

/** Words of one visitor that wait until the exchange answers. */
const MOST_QUEUED = 64;

/** Those who go down wait no longer for their last words to arrive. */
const LAST_WORDS_MS = 2000;

export interface SharedRoomsOptions {
  readonly open: OpenExchange;
  /** No other process has it: random, letters and digits. */
  readonly base: string;
  /** Milliseconds since 1970, by a clock that all processes keep. */
  readonly now: () => number;
  readonly iceServers: readonly IceServer[];
  readonly log: (event: ServerEvent) => void;
}

/**
 * Rooms that several processes share. Each has its own connections; what a room is, all of them agree on at the
 * exchange, one change after another. Without the exchange those who are inside go on with each other within a process,
 * what they change waits, and newcomers are told to try again.
 */
export class SharedRooms implements RoomService {
  readonly #options: SharedRoomsOptions;
  readonly #halls = new Map<RoomId, Hall>();
  readonly #places = new Map<Visitor, Place>();
  readonly #lifeline: Lifeline;
  readonly #porter: Porter;
  #lastNumber = 0;
  #isLooking = false;

  constructor(options: SharedRoomsOptions) {
    this.#options = options;
    this.#porter = new Porter((process) => this.#absent(process));
    this.#lifeline = new Lifeline(options.open, options.base, {
      posted: (bytes) => this.#posted(bytes),
      connected: () => {
        options.log({ event: 'redis-connected' });
        for (const hall of this.#halls.values()) this.#lasting(hall, (room) => room);
      },
      lost: () => {
        options.log({ event: 'redis-lost' });
        for (const hall of this.#halls.values()) this.#partFrom(hall);
        this.#porter.clear();
      },
    });
  }

  get size(): number {
    return this.#halls.size;
  }

  get visitors(): number {
    return this.#places.size;
  }

  /** Whether rooms are shared with other processes now. */
  get isConnected(): boolean {
    return this.#lifeline.exchange !== undefined;
  }

  async isProven(arrival: Arrival): Promise<boolean> {
    const exchange = this.#lifeline.exchange;
    if (!exchange) return false;
    const hall = this.#hallOf(arrival.room, exchange);
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
    this.#places.delete(visitor);
    this.#porter.left(place);
    place.isGone = true;
    hall.inTurn(() => {
      const wasThere = hall.isInside(place) || hall.isKnocking(place);
      if (!wasThere) hall.places.delete(place.number);
      else
        this.#lasting(
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
      const other = this.#porter.placeAt(seat);
      return other && { recipient: other.visitor, sender: place.peer };
    }
    const { exchange } = this.#lifeline;
    // Not before it is settled that packets may have been lost.
    if (!exchange || hall.name !== exchange.name) return undefined;
    return { recipient: this.#porter.remoteAt(hall, seat, exchange), sender: place.peer };
  }

  tick(): void {
    const { exchange } = this.#lifeline;
    if (!exchange) return;
    void this.#look(exchange);
    const now = this.#options.now();
    const kept: Hall[] = [];
    for (const hall of this.#halls.values()) {
      if (hall.places.size === 0 && !hall.isBusy) this.#halls.delete(hall.id);
      else if (hall.record && isDue(hall.record, now) && !hall.isBusy) this.#lasting(hall, (room) => room);
      if (hall.places.size > 0 && now - hall.keptAt > KEEP_MS / 3) kept.push(hall);
    }
    void this.#keep(exchange, kept);
  }

  async close(): Promise<void> {
    const said = Promise.all([...this.#halls.values()].map((hall) => hall.atRest()));
    await Promise.race([said, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS).unref())]);
    await this.#lifeline.close();
  }

  #arrive(visitor: Visitor, message: Arrival): void {
    const { exchange } = this.#lifeline;
    // One connection, one device: else a page could wait at many doors.
    if (this.#places.has(visitor)) this.#refuse(visitor, 'protocol');
    else if (!exchange) this.#refuse(visitor, 'unavailable');
    else {
      const hall = this.#hallOf(message.room, exchange);
      const place: Place = {
        ...{ visitor, room: message.room, peer: message.peer, number: ++this.#lastNumber },
        ...{ seat: undefined, queued: 0, isGone: false, taken: new Map() },
      };
      this.#places.set(visitor, place);
      this.#porter.came(place);
      hall.places.set(place.number, place);
      hall.inTurn(() => this.#enter(hall, place, hashed(message)));
    }
  }

  async #enter(hall: Hall, place: Place, message: Arrival): Promise<void> {
    if (place.isGone) return;
    const { log, now } = this.#options;
    let event: ServerEvent | undefined;
    try {
      const { exchange } = this.#lifeline;
      if (!exchange) throw new AwayError('the exchange was lost');
      await this.#change(hall, exchange, (room, bag) => {
        place.seat = `${exchange.name}.${place.number}`;
        const visitor = bag.visitorAt(place.seat);
        const objection = objectionTo(message, room, this.#halls.size - 1);
        if (objection) {
          event = { event: 'refused', reason: objection };
          refuse(visitor, objection);
          return room;
        }
        // Each process tells its newcomers of ICE servers itself: see `#deliver`.
        const entered = room ?? new Room({ ...message }, [], now());
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
    this.#lasting(
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

  /** In its turn, over as many connections as that takes. */
  #lasting(hall: Hall, act: Act, done: () => void = () => undefined): void {
    hall.inTurn(async () => {
      for (let isDone = false; !isDone; ) {
        const exchange = await this.#lifeline.connected();
        // Going down: others see that by themselves.
        if (!exchange) return;
        isDone = await this.#change(hall, exchange, act).then(
          () => true,
          (error: unknown) => {
            if (!(error instanceof AwayError)) throw error;
            // Nobody knows what was done: it begins anew under another name.
            if (this.#lifeline.exchange === exchange) this.#lifeline.renew();
            return false;
          },
        );
      }
      done();
    });
  }

  /** @throws AwayError */
  async #change(hall: Hall, exchange: Exchange, act: Act): Promise<void> {
    const now = this.#options.now();
    if (hall.name !== exchange.name) {
      const isOurs = (seat: Seat): boolean => seat.startsWith(`${this.#options.base}-`);
      const { mail, absent, lost } = await rejoin(hall, exchange, now, isOurs);
      this.#deliver(hall, mail);
      for (const process of absent) this.#absent(process);
      for (const place of lost) place.visitor.close();
    }
    const before = hall.insiders();
    const { bag, absent } = await agree(hall, exchange, now, act);
    this.#porter.prune(hall);
    this.#deliver(hall, bag.for(exchange.name));
    this.#showOut(hall, before);
    for (const process of absent) this.#absent(process);
  }

  #deliver(hall: Hall, mail: readonly Mail[]): void {
    const { iceServers } = this.#options;
    for (const [number, message] of mail) {
      const place = hall.places.get(number);
      if (!message) place?.visitor.close();
      else place?.visitor.send(message.type === 'welcome' ? { ...message, iceServers } : message);
    }
  }

  #posted(bytes: Buffer): void {
    const letter = readLetter(bytes);
    if (letter.type !== 'changed') {
      this.#porter.deliver(letter, this.#lifeline.exchange, (place) => this.#halls.get(place.room));
      return;
    }
    const hall = this.#halls.get(letter.room);
    hall?.soon(() => {
      const before = hall.insiders();
      // It took us for dead: everybody here is told again under a new name, from what we know.
      if (areAway(before, letter.stored)) this.#lifeline.renew();
      else {
        if (isNewer(letter.stored, hall.stored)) hall.know(letter.stored);
        this.#porter.prune(hall);
        this.#deliver(hall, letter.mail);
        this.#showOut(hall, before);
      }
    });
  }

  /** Those who were inside and are not: they left, are here from elsewhere, or were away for too long. */
  #showOut(hall: Hall, before: readonly Place[]): void {
    for (const place of before) if (!hall.isInside(place)) place.visitor.close();
  }

  /** The way to other processes is gone. */
  #partFrom(hall: Hall): void {
    if (hall.name !== this.#lifeline.lastName) return;
    const insiders = hall.insiders();
    for (const [peer] of hall.elsewhere()) {
      const message: FromServer = { type: 'peer-left', peer, why: 'away' };
      for (const { visitor } of insiders) visitor.send(message);
    }
  }

  /** Rooms that members here are in are not forgotten; those that were, because somebody emptied Redis, are put back. */
  async #keep(exchange: Exchange, halls: readonly Hall[]): Promise<void> {
    if (halls.length === 0) return;
    for (const hall of halls) hall.keptAt = this.#options.now();
    // The lifeline hears of it, too.
    const forgotten = await exchange.keep(halls.map(({ id }) => id)).catch((): RoomId[] => []);
    for (const hall of halls) if (forgotten.includes(hall.id)) this.#lasting(hall, (room) => room);
  }

  /** Says that we live, and finds out who no longer does. */
  async #look(exchange: Exchange): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const others = new Set([...this.#halls.values()].flatMap((hall) => [...hall.processes]));
    others.delete(exchange.name);
    try {
      await exchange.beat();
      for (const process of await exchange.missing([...others])) this.#absent(process);
    } catch {
      // The lifeline hears of it, too.
    } finally {
      this.#isLooking = false;
    }
  }

  /** Nobody is there under this name: its members are away. */
  #absent(process: string): void {
    const now = this.#options.now();
    const halls = [...this.#halls.values()].filter(
      (hall) => hall.processes.has(process) && !hall.losing.has(process),
    );
    for (const hall of halls) {
      hall.losing.add(process);
      const act: Act = (room, bag) => {
        const { members, knocking } = room?.memory() ?? { members: [], knocking: [] };
        for (const [peer, { visitor }] of [...members, ...knocking])
          if (visitor && processOf(bag.seatOf(visitor)) === process) room?.disconnected(peer, visitor, now);
        return room;
      };
      this.#lasting(hall, act, () => hall.losing.delete(process));
    }
    if (halls.length > 0) this.#options.log({ event: 'process-lost', rooms: halls.length });
  }

  #hallOf(room: RoomId, exchange: Exchange): Hall {
    const known = this.#halls.get(room);
    if (known) return known;
    const hall = new Hall(room, exchange.name);
    this.#halls.set(room, hall);
    return hall;
  }
}

/** Some of our visitors, who are here, are away by what others say. */
function areAway(places: readonly Place[], stored: Stored | undefined): boolean {
  if (!stored) return false;
  const away = new Set(recordIn(stored).members.flatMap(([peer, , seat]) => (seat ? [] : [peer])));
  return places.some(({ peer, isGone }) => !isGone && away.has(peer));
}

/** What was sent before we changed the room ourselves may be heard only now. */
function isNewer(stored: Stored | undefined, known: Stored | undefined): boolean {
  return !stored || !known || countOf(stored) > countOf(known);
}

/** Somebody's grace time is over. */
function isDue({ members }: RoomRecord, now: number): boolean {
  return members.some(([, , seat, since]) => !seat && now - since >= GRACE_MS);
}
