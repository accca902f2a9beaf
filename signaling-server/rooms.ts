import type { PeerId, RoomId } from '../core/ids.ts';
import type { RefusalReason, ToServer } from '../core/protocol/signaling.ts';
import type { ServerEvent } from './events.ts';
import type { IceLists } from './ice-lists.ts';
import { Room } from './room.ts';
import type { Arrival, RoomService, Route } from './room-service.ts';
import { refuse, sameSecret, type Visitor } from './visitor.ts';

/** Each takes a few KB; so many are not open on one laptop by accident. */
export const MAX_ROOMS = 10_000;

export interface RoomsOptions {
  /** Milliseconds, never backwards. */
  readonly now: () => number;
  readonly ice: IceLists;
  /** Told what happens, without names and secrets. */
  readonly log: (event: ServerEvent) => void;
}

/** Where a visitor is, or waits to be. */
interface Place {
  readonly id: RoomId;
  readonly room: Room;
  readonly peer: PeerId;
}

/** All rooms, and the check at the door: whoever lacks the secret learns nothing of who is inside. */
export class Rooms implements RoomService {
  readonly #options: RoomsOptions;
  readonly #rooms = new Map<RoomId, Room>();
  readonly #places = new Map<Visitor, Place>();

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#rooms.size;
  }

  get visitors(): number {
    return this.#places.size;
  }

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

  closed(visitor: Visitor): void {
    const place = this.#places.get(visitor);
    if (!place) return;
    this.#options.ice.forget(visitor);
    this.#places.delete(visitor);
    place.room.disconnected(place.peer, visitor, this.#options.now());
    this.#options.log({ event: 'connection-ended', inRoom: place.room.size });
    // At once when the leader said goodbye to an empty room.
    this.#closeIfOver(place.id, place.room);
  }

  route(from: Visitor, to: PeerId): Route | undefined {
    const place = this.#places.get(from);
    if (!place?.room.isMember(place.peer, from) || to === place.peer) return undefined;
    const recipient = place.room.visitorOf(to);
    return recipient && { recipient, sender: place.peer };
  }

  tick(): void {
    this.#options.ice.tick();
    for (const [id, room] of this.#rooms) {
      room.tick(this.#options.now());
      this.#closeIfOver(id, room);
    }
  }

  async close(): Promise<void> {
    // Nothing is held outside this process.
  }

  /** What keeps the visitor out, before the room itself is asked. */
  #objection(visitor: Visitor, message: Arrival): RefusalReason | undefined {
    // One connection, one device: else a page could wait at many doors.
    if (this.#places.has(visitor)) return 'protocol';
    return objectionTo(message, this.#rooms.get(message.room), this.#rooms.size);
  }

  #arrive(visitor: Visitor, message: Arrival): void {
    const objection = this.#objection(visitor, message);
    const now = this.#options.now();
    const room = this.#rooms.get(message.room);
    if (objection) {
      refuse(visitor, objection);
      this.#options.log({ event: 'refused', reason: objection });
    } else if (message.type === 'open') {
      const opened = room ?? new Room(message, this.#options.ice, now);
      this.#settle(visitor, message, opened);
      opened.open(message, visitor, now);
      this.#options.log(
        room ? { event: 'leader-returned' } : { event: 'room-opened', rooms: this.#rooms.size },
      );
    } else if (room) {
      this.#settle(visitor, message, room);
      room.join(message, visitor, now);
      this.#options.log({ event: 'arrived', inRoom: room.size });
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
    this.#options.log({ event: 'room-closed', rooms: this.#rooms.size });
  }
}

/** What speaks against an arrival at a room, if there is one; `rooms`: how many are open. */
export function objectionTo(
  { type, proof }: Arrival,
  room: Pick<Room, 'proof'> | undefined,
  rooms: number,
): RefusalReason | undefined {
  const isProven = room !== undefined && sameSecret(room.proof, proof);
  if (type === 'join') return !room ? 'no-such-room' : isProven ? undefined : 'wrong-secret';
  if (room) return isProven ? undefined : 'room-taken';
  return rooms >= MAX_ROOMS ? 'too-many' : undefined;
}
