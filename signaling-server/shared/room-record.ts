import { createHash } from 'node:crypto';
import type { PeerId } from '../../core/ids.ts';
import { NO_ICE } from '../ice-lists.ts';
import { Room, type RoomMemory } from '../room.ts';
import type { Arrival } from '../room-service.ts';
import type { Visitor } from '../visitor.ts';

/** Where a connection is: the name of its process at the exchange, and its number there. */
export type Seat = `${string}.${number}`;

/** A room as the processes share it. Keys and the proof are hashes: whoever reads it could not come in with them. */
export interface RoomRecord {
  readonly proof: string;
  readonly opener: readonly [peer: PeerId, key: string];
  readonly leader: PeerId;
  readonly claim: readonly [peer: PeerId, term: number] | null;
  readonly askFirst: boolean;
  /** 0 while the leader is inside. */
  readonly ledAt: number;
  /** In order of joining; 0: away. */
  readonly members: readonly (readonly [peer: PeerId, key: string, seat: Seat | 0, since: number])[];
  readonly knocking: readonly (readonly [peer: PeerId, key: string, card: string, seat: Seat])[];
}

/** `seatOf` the visitors that `visitorAt` gave to {@link roomOf}. */
export function recordOf(room: Room, seatOf: (visitor: Visitor) => Seat): RoomRecord {
  const { proof, opener, leader, claim, members, knocking, askFirst, ledAt } = room.memory();
  return {
    proof,
    opener: [opener.peer, opener.key],
    leader,
    claim: claim ? [claim.peer, claim.term] : null,
    askFirst,
    ledAt: room.visitorOf(leader) ? 0 : Math.max(1, ledAt),
    members: [...members].map(([peer, { key, visitor, since }]) => [
      peer,
      key,
      visitor ? seatOf(visitor) : 0,
      since,
    ]),
    knocking: [...knocking].map(([peer, { key, card, visitor }]) => [peer, key, card, seatOf(visitor)]),
  };
}

/** The room of a record: what its visitors are told goes where `visitorAt` says. */
export function roomOf(record: RoomRecord, visitorAt: (seat: Seat) => Visitor, now: number): Room {
  const { proof, opener, leader, claim, members, knocking, askFirst, ledAt } = record;
  const memory: RoomMemory = {
    proof,
    opener: { peer: opener[0], key: opener[1] },
    leader,
    claim: claim ? { peer: claim[0], term: claim[1] } : undefined,
    askFirst,
    ledAt: ledAt || now,
    members: new Map(
      members.map(([peer, key, seat, since]) => [
        peer,
        { key, visitor: seat ? visitorAt(seat) : null, since },
      ]),
    ),
    knocking: new Map(
      knocking.map(([peer, key, card, seat]) => [peer, { key, card, visitor: visitorAt(seat) }]),
    ),
  };
  // Each process tells its own newcomers which ICE servers there are.
  return Room.from(memory, NO_ICE);
}

/** What somebody at the door says, with hashes for secrets. */
export function hashed<A extends Arrival>(arrival: A): A {
  return { ...arrival, key: hash(arrival.key), proof: hash(arrival.proof) };
}

/** 128 bits are enough: a second text with the same ones cannot be found. */
function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url').slice(0, 22);
}

/** The name of the process that has the seat. */
export function processOf(seat: Seat): string {
  return seat.slice(0, seat.lastIndexOf('.'));
}

/** The number of the seat in its process. */
export function numberOf(seat: Seat): number {
  return Number(seat.slice(seat.lastIndexOf('.') + 1));
}

/** The processes that have somebody inside or at the door. */
export function processesIn(record: RoomRecord | undefined): Set<string> {
  const seats = record
    ? [...record.members.map(([, , seat]) => seat), ...record.knocking.map(([, , , seat]) => seat)]
    : [];
  return new Set(seats.flatMap((seat) => (seat ? [processOf(seat)] : [])));
}
