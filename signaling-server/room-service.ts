import type { PeerId } from '../core/ids.ts';
import type { ToServer } from '../core/protocol/signaling.ts';
import type { Visitor } from './visitor.ts';

export type Arrival = Extract<ToServer, { type: 'open' | 'join' }>;

/** Where a member's words to another one go, and in whose name. */
export interface Route {
  readonly recipient: Visitor;
  readonly sender: PeerId;
}

/** The rooms as connections see them: those of this process alone, or those that several processes share. */
export interface RoomService {
  /** Rooms that somebody here is in. */
  readonly size: number;
  /** Connections that are in a room, or at its door. */
  readonly visitors: number;
  /** Whether it knows the secret of a room that is open. */
  isProven(arrival: Arrival): boolean | Promise<boolean>;
  /** What a visitor says, in order. */
  hear(visitor: Visitor, message: ToServer): void;
  /** The connection ended, whoever ended it. */
  closed(visitor: Visitor): void;
  /** To whom a packet for `to` goes; undefined when the sender is not inside, or nobody there is called so. */
  route(from: Visitor, to: PeerId): Route | undefined;
  /** Ends grace times and rooms. Call about once a second. */
  tick(): void;
  /** Lets go of what it holds outside this process. */
  close(): Promise<void>;
}
