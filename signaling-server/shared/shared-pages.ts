import type { PeerId, RoomId } from '../../core/ids.ts';
import type { FromServer, ToServer } from '../../core/protocol/signaling.ts';
import type { ServerEvent } from '../events.ts';
import { IceLists } from '../ice-lists.ts';
import type { TurnAccess } from '../turn-access.ts';
import type { Visitor } from '../visitor.ts';
import { MemoryExchanges } from './memory-exchange.ts';
import { SharedRooms } from './shared-rooms.ts';

/** For tests: processes that share rooms over an exchange in memory, and pages that are connected to them. */

export const ROOM = 'maple-otter-7' as RoomId;
export const PROOF: string = 'p'.repeat(43);
export const id = (n: number): PeerId => n.toString(16).padStart(16, '0') as PeerId;

export class Servers {
  readonly exchanges: MemoryExchanges = new MemoryExchanges();
  readonly events: ServerEvent[] = [];
  readonly #rooms = new Map<string, SharedRooms>();
  now = 1_000_000;

  /** Another process, called by a letter; resolves when it is connected. */
  async start(base: string, turn?: TurnAccess): Promise<SharedRooms> {
    const rooms = this.make(base, turn);
    while (!rooms.isConnected) await settled();
    return rooms;
  }

  /** The same, before it is connected. */
  make(base: string, turn?: TurnAccess): SharedRooms {
    const rooms = new SharedRooms({
      open: this.exchanges.open,
      base,
      now: () => this.now,
      ice: new IceLists([{ urls: `stun:${base}` }], turn),
      log: (event) => this.events.push(event),
    });
    this.#rooms.set(base, rooms);
    return rooms;
  }

  /** The process is no more. */
  kill(base: string): void {
    this.#rooms.delete(base);
    for (const name of this.exchanges.names()) if (name.startsWith(`${base}-`)) this.exchanges.kill(name);
  }

  /** Time passes for all. */
  async pass(ms: number): Promise<void> {
    for (const end = this.now + ms; this.now < end; ) {
      this.now = Math.min(end, this.now + 1000);
      for (const rooms of this.#rooms.values()) rooms.tick();
      await settled();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#rooms.values()].map((rooms) => rooms.close()));
  }
}

/** Whatever is on its way has arrived, and what came of it, too. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 60; turns++) await new Promise(setImmediate);
}

/** A page: what it was told, and whether it was shown the door. */
export class Page implements Visitor {
  readonly peer: PeerId;
  readonly #rooms: SharedRooms;
  told: FromServer[] = [];
  isClosed = false;

  constructor(rooms: SharedRooms, peer: PeerId) {
    this.#rooms = rooms;
    this.peer = peer;
  }
  send(message: FromServer): void {
    if (!this.isClosed) this.told.push(message);
  }
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#rooms.closed(this);
  }
  open(change: Partial<Extract<ToServer, { type: 'open' }>> = {}): this {
    const me = { room: ROOM, peer: this.peer, key: `key-${this.peer}`, proof: PROOF };
    return this.say({ type: 'open', ...me, askFirst: false, ...change });
  }
  join(change: Partial<Extract<ToServer, { type: 'join' }>> = {}): this {
    const me = { room: ROOM, peer: this.peer, key: `key-${this.peer}`, proof: PROOF };
    return this.say({ type: 'join', ...me, card: 'Y2FyZA', ...change });
  }
  say(message: ToServer): this {
    this.#rooms.hear(this, message);
    return this;
  }
  /** What was told since the last look. */
  news(): FromServer[] {
    return this.told.splice(0);
  }
  get refusal(): string | undefined {
    return this.told.flatMap((message) => (message.type === 'refused' ? [message.reason] : []))[0];
  }
}
