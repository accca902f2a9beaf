import type { PeerId, RoomId } from '../core/ids.ts';
import type { RefusalReason, ToServer } from '../core/protocol/signaling.ts';
import type { IceLists } from './ice-lists.ts';
import { Room } from './room.ts';
import { refuse, sameSecret, type Visitor } from './visitor.ts';

/** Each takes a few KB; so many are not open on one laptop by accident. */
export const MAX_ROOMS = 10_000;

export interface RoomsOptions {
  /** Milliseconds, never backwards. */
  readonly now: () => number;
  readonly ice: IceLists;
  /** Told what happens, without names and secrets. */
  readonly log: (line: string) => void;
}

type Arrival = Extract<ToServer, { type: 'open' | 'join' }>;

/** Where a visitor is, or waits to be. */
interface Place {
  readonly id: RoomId;
  readonly room: Room;
  readonly peer: PeerId;
}

/** All rooms, and the check at the door: whoever lacks the secret learns nothing of who is inside. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #rooms = new Map<RoomId, Room>();
  readonly #places = new Map<Visitor, Place>();

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  /** How many are open. */
  get size(): number {
    return this.#rooms.size;
  }

  /** Whether it knows the secret of a room that is open. */
  isProven({ room, proof }: Arrival): boolean {
    const open = this.#rooms.get(room);
    return open !== undefined && sameSecret(open.proof, proof);
  }

  hear(visitor: Visitor, message: ToServer): void {
    const place = this.#places.get(visitor);
    if (message.type === 'ping') visitor.send({ type: 'pong' });
    else if (message.type === 'open' || message.type === 'join') this.#arrive(visitor, message);
    else {
      // One that waits, or was just replaced, has no say.
      if (place?.room.isMember(place.peer, visitor))
        place.room.hear(place.peer, message, this.#options.now());
      if (message.type === 'leave') visitor.close();
    }
  }

  /** The connection ended, whoever ended it. */
  closed(visitor: Visitor): void {
    const place = this.#places.get(visitor);
    if (!place) return;
    this.#options.ice.forget(visitor);
    this.#places.delete(visitor);
    place.room.disconnected(place.peer, visitor, this.#options.now());
    this.#options.log(`A connection ended (${place.room.size} in its room).`);
    // At once when the leader said goodbye to an empty room.
    this.#closeIfOver(place.id, place.room);
  }

  /** Who is inside under this peer id, as seen by a member: where its relay packets go, and in whose name. */
  route(from: Visitor, to: PeerId): { readonly recipient: Visitor; readonly sender: PeerId } | undefined {
    const place = this.#places.get(from);
    if (!place?.room.isMember(place.peer, from) || to === place.peer) return undefined;
    const recipient = place.room.visitorOf(to);
    return recipient && { recipient, sender: place.peer };
  }

  /** Ends grace times and rooms, and renews credentials. Call about once a second. */
  tick(): void {
    this.#options.ice.tick();
    for (const [id, room] of this.#rooms) {
      room.tick(this.#options.now());
      this.#closeIfOver(id, room);
    }
  }

  /** What keeps the visitor out, before the room itself is asked. */
  #objection(visitor: Visitor, message: Arrival): RefusalReason | undefined {
    // One connection, one device: else a page could wait at many doors.
    if (this.#places.has(visitor)) return 'protocol';
    const room = this.#rooms.get(message.room);
    const isProven = room !== undefined && sameSecret(room.proof, message.proof);
    if (message.type === 'join') return !room ? 'no-such-room' : isProven ? undefined : 'wrong-secret';
    if (room) return isProven ? undefined : 'room-taken';
    return this.#rooms.size >= MAX_ROOMS ? 'too-many' : undefined;
  }

  #arrive(visitor: Visitor, message: Arrival): void {
    const objection = this.#objection(visitor, message);
    const now = this.#options.now();
    const room = this.#rooms.get(message.room);
    if (objection) {
      refuse(visitor, objection);
      this.#options.log(`A device was refused: ${objection}.`);
    } else if (message.type === 'open') {
      const opened = room ?? new Room(message, this.#options.ice, now);
      this.#settle(visitor, message, opened);
      opened.open(message, visitor, now);
      this.#options.log(room ? 'A leader came back.' : `A room was opened (${this.#rooms.size} in all).`);
    } else if (room) {
      this.#settle(visitor, message, room);
      room.join(message, visitor, now);
      this.#options.log(`A device came to the door (${room.size} in its room).`);
    }
  }

  #settle(visitor: Visitor, { room: id, peer }: Arrival, room: Room): void {
    this.#rooms.set(id, room);
    this.#places.set(visitor, { id, room, peer });
  }

  #closeIfOver(id: RoomId, room: Room): void {
    if (this.#rooms.get(id) !== room || !room.isOver(this.#options.now())) return;
    this.#rooms.delete(id);
    room.close();
    this.#options.log(`A room was closed (${this.#rooms.size} left).`);
  }
}
