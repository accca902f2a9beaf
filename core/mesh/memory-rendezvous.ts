import type { PeerId } from '../ids.ts';
import type { Clock } from './clock.ts';
import type { Rendezvous, RendezvousListener } from './rendezvous.ts';

/** A meeting point in one process: the twin of the signaling server and its clients. */
export class MemoryRoom {
  readonly #clock: Clock;
  readonly #members = new Map<PeerId, MemoryRendezvous>();
  /** Of every message, one way. */
  delayMs: number;
  /** Of each member's way to the server, for relay packets. */
  mbitPerSec: number;

  constructor(
    clock: Clock,
    { delayMs = 1, mbitPerSec = 100 }: { delayMs?: number; mbitPerSec?: number } = {},
  ) {
    this.#clock = clock;
    this.delayMs = delayMs;
    this.mbitPerSec = mbitPerSec;
  }

  /** Comes in; an older page of the same peer loses its place. */
  join(peer: PeerId): MemoryRendezvous {
    this.#members.get(peer)?.disconnect();
    const member = new MemoryRendezvous(this, this.#clock, peer);
    member.reconnect();
    return member;
  }

  enter(member: MemoryRendezvous): void {
    this.#members.delete(member.peer);
    const others = [...this.#members.keys()];
    this.#members.set(member.peer, member);
    member.hear((listener) => listener.welcome(others, []));
    this.tell(member.peer, (listener) => listener.peerJoined(member.peer));
  }

  exit(member: MemoryRendezvous, why: 'gone' | 'away'): void {
    if (this.#members.get(member.peer) !== member) return;
    this.#members.delete(member.peer);
    this.tell(member.peer, (listener) => listener.peerLeft(member.peer, why));
  }

  find(peer: PeerId): MemoryRendezvous | undefined {
    return this.#members.get(peer);
  }

  tell(except: PeerId, what: (listener: RendezvousListener) => void): void {
    for (const [peer, member] of this.#members) if (peer !== except) member.hear(what);
  }
}

/** One page's connection to a {@link MemoryRoom}. */
export class MemoryRendezvous implements Rendezvous {
  readonly peer: PeerId;
  readonly #room: MemoryRoom;
  readonly #clock: Clock;
  #listener: RendezvousListener | undefined;
  #early: ((listener: RendezvousListener) => void)[] = [];
  #connected = false;
  #buffered = 0;
  #freeAt = 0;

  constructor(room: MemoryRoom, clock: Clock, peer: PeerId) {
    this.#room = room;
    this.#clock = clock;
    this.peer = peer;
  }

  listen(listener: RendezvousListener): void {
    this.#listener = listener;
    for (const what of this.#early.splice(0)) what(listener);
  }

  signal(to: PeerId, text: string): void {
    if (this.#connected) this.#room.find(to)?.hear((listener) => listener.signal(this.peer, text));
  }

  relay(to: PeerId, bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#connected) return;
    const copy = bytes.slice();
    const now = this.#clock.now();
    this.#buffered += copy.byteLength;
    this.#freeAt = Math.max(now, this.#freeAt) + (copy.byteLength * 8) / (this.#room.mbitPerSec * 1000);
    this.#clock.setTimeout(() => {
      this.#buffered -= copy.byteLength;
      if (this.#connected) this.#room.find(to)?.hear((listener) => listener.relay(this.peer, copy));
    }, this.#freeAt - now);
  }

  relayBufferedBytes(): number {
    return this.#buffered;
  }

  /** The connection breaks; the room hears `why`. */
  disconnect(why: 'gone' | 'away' = 'away'): void {
    if (!this.#connected) return;
    this.#connected = false;
    this.#room.exit(this, why);
    this.#listener?.lost();
  }

  reconnect(): void {
    if (this.#connected) return;
    this.#connected = true;
    this.#room.enter(this);
  }

  /** Delivers after the room's delay, while connected. */
  hear(what: (listener: RendezvousListener) => void): void {
    this.#clock.setTimeout(() => {
      if (!this.#connected) return;
      if (this.#listener) what(this.#listener);
      else this.#early.push(what);
    }, this.#room.delayMs);
  }
}
