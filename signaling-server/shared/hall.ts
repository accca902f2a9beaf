import type { PeerId, RoomId } from '../../core/ids.ts';
import type { Visitor } from '../visitor.ts';
import { countOf, type Stored } from './exchange.ts';
import { processesIn, processOf, type RoomRecord, type Seat } from './room-record.ts';

/** A connection of this process that is in a room, or at its door. */
export interface Place {
  readonly visitor: Visitor;
  readonly room: RoomId;
  readonly peer: PeerId;
  /** No other connection of this process ever has it. */
  readonly number: number;
  /** Under which the room knows it; undefined before it was told of it. */
  seat: Seat | undefined;
  /** Words of it that wait for their turn. */
  queued: number;
  isGone: boolean;
  /** Bytes that have left towards it, by the process that has not been told so. */
  readonly taken: Map<string, number>;
}

/** A room as this process knows it, and its visitors here. Whatever concerns it happens in turn. */
export class Hall {
  readonly id: RoomId;
  readonly places: Map<number, Place> = new Map();
  /** The exchange's name when the seats of our visitors were last written. */
  name: string;
  /** Processes that are gone, as this one is about to tell the room. */
  readonly losing: Set<string> = new Set();
  /** When others were last told that the room is still in use, by our clock. */
  keptAt = 0;
  #stored: Stored | undefined;
  #count = 0;
  #record: RoomRecord | undefined;
  #seats: ReadonlyMap<PeerId, Seat> = new Map();
  #processes: ReadonlySet<string> = new Set();
  #tail: Promise<void> = Promise.resolve();
  #turns = 0;

  constructor(id: RoomId, name: string) {
    this.id = id;
    this.name = name;
  }

  /** Undefined: not known, or known not to be open. */
  get stored(): Stored | undefined {
    return this.#stored;
  }

  /** The highest count of changes that was known. */
  get count(): number {
    return this.#count;
  }

  get record(): RoomRecord | undefined {
    return this.#record;
  }

  /** Of those who are inside now. */
  get seats(): ReadonlyMap<PeerId, Seat> {
    return this.#seats;
  }

  /** That have visitors of the room. */
  get processes(): ReadonlySet<string> {
    return this.#processes;
  }

  get isBusy(): boolean {
    return this.#turns > 0;
  }

  know(stored: Stored | undefined): void {
    if (stored?.tag === this.#stored?.tag) return;
    this.#stored = stored;
    if (stored) this.#count = Math.max(this.#count, countOf(stored));
    this.#record = stored && recordIn(stored);
    const inside = this.#record?.members ?? [];
    this.#seats = new Map(inside.flatMap(([peer, , seat]) => (seat ? [[peer, seat] as const] : [])));
    this.#processes = processesIn(this.#record);
  }

  isInside(place: Place): boolean {
    return place.seat !== undefined && this.#seats.get(place.peer) === place.seat;
  }

  isKnocking(place: Place): boolean {
    return (
      this.#record?.knocking.some(([peer, , , seat]) => peer === place.peer && seat === place.seat) ?? false
    );
  }

  /** Our visitors who are inside. */
  insiders(): Place[] {
    return [...this.places.values()].filter((place) => this.isInside(place));
  }

  /** Members who are inside, but not by this process. */
  elsewhere(): [PeerId, Seat][] {
    return [...this.#seats].filter(([, seat]) => processOf(seat) !== this.name);
  }

  /** Runs when all earlier ones are done; an error is nobody's to catch. */
  inTurn(run: () => void | Promise<void>): void {
    this.#turns++;
    this.#tail = this.#tail.then(run).finally(() => this.#turns--);
  }

  /** Runs now, unless others wait for their turn. */
  soon(run: () => void): void {
    if (this.isBusy) this.inTurn(run);
    else run();
  }

  /** Resolves when what waits now is done. */
  atRest(): Promise<void> {
    return this.#tail;
  }
}

export function recordIn({ text }: Stored): RoomRecord {
  return JSON.parse(text) as RoomRecord;
}
