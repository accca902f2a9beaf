import type { RoomId } from '../../core/ids.ts';
import type { FromServer } from '../../core/protocol/signaling.ts';
import type { ServerEvent } from '../events.ts';
import type { IceLists } from '../ice-lists.ts';
import { type Act, AwayError, agree } from './agree.ts';
import { countOf, type Exchange, type OpenExchange, type Stored } from './exchange.ts';
import { Hall, type Place, recordIn } from './hall.ts';
import { type Mail, readLetter } from './letters.ts';
import { Lifeline } from './lifeline.ts';
import { Porter } from './porter.ts';
import { rejoin } from './rejoin.ts';
import { processOf, type Seat } from './room-record.ts';

export interface SharedRoomsOptions {
  readonly open: OpenExchange;
  /** No other process has it: random, letters and digits. */
  readonly base: string;
  /** Milliseconds since 1970, by a clock that all processes keep. */
  readonly now: () => number;
  readonly ice: IceLists;
  readonly log: (event: ServerEvent) => void;
}

/** The rooms that this process has to do with, and how it agrees on them with the others. */
export class Halls {
  readonly porter: Porter;
  readonly #options: SharedRoomsOptions;
  readonly #halls = new Map<RoomId, Hall>();
  readonly #lifeline: Lifeline;

  constructor(options: SharedRoomsOptions) {
    this.#options = options;
    this.porter = new Porter((process) => this.absent(process));
    this.#lifeline = new Lifeline(options.open, options.base, {
      posted: (bytes) => this.#posted(bytes),
      connected: () => {
        options.log({ event: 'redis-connected' });
        for (const hall of this.all()) this.refresh(hall);
      },
      lost: () => {
        options.log({ event: 'redis-lost' });
        for (const hall of this.all()) this.#partFrom(hall);
        this.porter.clear();
      },
    });
  }

  get size(): number {
    return this.#halls.size;
  }

  /** The way to the other processes, while there is one. */
  get exchange(): Exchange | undefined {
    return this.#lifeline.exchange;
  }

  all(): Hall[] {
    return [...this.#halls.values()];
  }

  get(room: RoomId): Hall | undefined {
    return this.#halls.get(room);
  }

  /** A new one where this process had nothing to do with the room. */
  of(room: RoomId, exchange: Exchange): Hall {
    const known = this.#halls.get(room);
    if (known) return known;
    const hall = new Hall(room, exchange.name);
    this.#halls.set(room, hall);
    return hall;
  }

  /** Nobody here is in the room. */
  forget(hall: Hall): void {
    this.#halls.delete(hall.id);
    this.porter.forget(hall);
  }

  /** Lets those go whose grace time is over, comes back after a lost connection, puts back what was forgotten. */
  refresh(hall: Hall): void {
    this.lasting(hall, (room) => room);
  }

  /** In its turn, over as many connections as that takes. */
  lasting(hall: Hall, act: Act, done: () => void = () => undefined): void {
    hall.inTurn(async () => {
      for (let isDone = false; !isDone; ) {
        const exchange = await this.#lifeline.connected();
        // Going down: others see that by themselves.
        if (!exchange) return;
        isDone = await this.change(hall, exchange, act).then(
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
  async change(hall: Hall, exchange: Exchange, act: Act): Promise<void> {
    const now = this.#options.now();
    if (hall.name !== exchange.name) {
      const isOurs = (seat: Seat): boolean => seat.startsWith(`${this.#options.base}-`);
      const { mail, absent, lost } = await rejoin(hall, exchange, now, isOurs);
      this.#deliver(hall, mail);
      for (const process of absent) this.absent(process);
      for (const place of lost) place.visitor.close();
    }
    const before = hall.insiders();
    const { bag, absent } = await agree(hall, exchange, now, act);
    this.porter.prune(hall);
    this.#deliver(hall, bag.for(exchange.name));
    this.#showOut(hall, before);
    for (const process of absent) this.absent(process);
  }

  #deliver(hall: Hall, mail: readonly Mail[]): void {
    const { ice } = this.#options;
    for (const [number, message] of mail) {
      const place = hall.places.get(number);
      // One that has gone meanwhile is told nothing; above all nobody would forget its credentials.
      if (!place || place.isGone) continue;
      const { visitor } = place;
      if (!message) visitor.close();
      else if (message.type !== 'welcome') visitor.send(message);
      else visitor.send({ ...message, iceServers: ice.listFor(visitor) });
    }
  }

  #posted(bytes: Buffer): void {
    const letter = readLetter(bytes);
    if (!letter) return;
    if (letter.type !== 'changed') {
      this.porter.deliver(letter, this.#lifeline.exchange, (place) => this.get(place.room));
      return;
    }
    const hall = this.#halls.get(letter.room);
    hall?.soon(() => {
      const before = hall.insiders();
      // It took us for dead: everybody here is told again under a new name, from what we know.
      if (areAway(before, letter.stored)) this.#lifeline.renew();
      else {
        if (isNewer(letter.stored, hall.stored)) hall.know(letter.stored);
        this.porter.prune(hall);
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

  /** Nobody is there under this name: its members are away. */
  absent(process: string): void {
    const now = this.#options.now();
    const halls = this.all().filter((hall) => hall.processes.has(process) && !hall.losing.has(process));
    for (const hall of halls) {
      hall.losing.add(process);
      const act: Act = (room, bag) => {
        const { members, knocking } = room?.memory() ?? { members: [], knocking: [] };
        for (const [peer, { visitor }] of [...members, ...knocking])
          if (visitor && processOf(bag.seatOf(visitor)) === process) room?.disconnected(peer, visitor, now);
        return room;
      };
      this.lasting(hall, act, () => hall.losing.delete(process));
    }
    if (halls.length > 0) this.#options.log({ event: 'process-lost', rooms: halls.length });
  }

  /** After what waits now is done, or `ms`. */
  async close(ms: number): Promise<void> {
    const said = Promise.all(this.all().map((hall) => hall.atRest()));
    await Promise.race([said, new Promise((resolve) => setTimeout(resolve, ms).unref())]);
    await this.#lifeline.close();
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
