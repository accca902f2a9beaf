import type { PeerId } from '../ids.ts';

/**
 * Texts that are written at once. Each has one word under way at a time, so it takes several to keep all stages of a
 * chain busy; each also keeps its past on every device, so there must be an end.
 */
const AT_ONCE = 8;
/** Wishes that may wait for all devices together, or say that they had their turn; one more is refused. */
const WAITING_LIMIT = 64;

/** Names a wish among those of its device. */
export interface TurnWish {
  readonly peer: PeerId;
  readonly ticket: number;
}

/** 0: it is this wish's turn; n: it is the n-th in line; null: the line is full. */
export type TellTurn = (wish: TurnWish, place: number | null) => void;

/**
 * Decides whose text is written next: of those that wait, one of the device that has the fewest under way, the earliest
 * first. So a device with ten wishes does not keep another with one from its turn.
 */
export class TurnDesk {
  readonly #tell: TellTurn;
  #active: TurnWish[] = [];
  #waiting: TurnWish[] = [];
  /** The places that were told last. */
  readonly #told = new Map<TurnWish, number>();

  constructor(tell: TellTurn) {
    this.#tell = tell;
  }

  /** `held`: the device was given its turn before this desk knew of it, by the leader's page before a reload. */
  want(peer: PeerId, ticket: number, held: boolean): void {
    if ([...this.#active, ...this.#waiting].some((wish) => wish.peer === peer && wish.ticket === ticket))
      return;
    const wish = { peer, ticket };
    // No honest device had more turns than there are.
    if (held && countOf(this.#active, peer) < AT_ONCE) this.#active.push(wish);
    else if (this.#waiting.length < WAITING_LIMIT || this.#makeRoom(peer)) this.#waiting.push(wish);
    else {
      this.#tell(wish, null);
      return;
    }
    this.#go();
  }

  /** The device with the most wishes in a full line loses its last to one that has fewer. */
  #makeRoom(peer: PeerId): boolean {
    const counts = new Map<PeerId, number>();
    for (const wish of this.#waiting) counts.set(wish.peer, (counts.get(wish.peer) ?? 0) + 1);
    const [greedy] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
    if (greedy === undefined || (counts.get(greedy) ?? 0) <= (counts.get(peer) ?? 0) + 1) return false;
    const last = this.#waiting.findLast((wish) => wish.peer === greedy);
    if (!last) return false;
    this.#waiting = this.#waiting.filter((wish) => wish !== last);
    this.#told.delete(last);
    this.#tell(last, null);
    return true;
  }

  /** The turn is over, or the wish is withdrawn. */
  end(peer: PeerId, ticket: number): void {
    this.#drop((wish) => wish.peer === peer && wish.ticket === ticket);
  }

  /** The device is gone. */
  forget(peer: PeerId): void {
    this.#drop((wish) => wish.peer === peer);
  }

  #drop(gone: (wish: TurnWish) => boolean): void {
    this.#active = this.#active.filter((wish) => !gone(wish));
    this.#waiting = this.#waiting.filter((wish) => !gone(wish));
    for (const wish of this.#told.keys()) if (gone(wish)) this.#told.delete(wish);
    this.#go();
  }

  #go(): void {
    const free = Math.max(0, AT_ONCE - this.#active.length);
    const line = inLine(this.#active, this.#waiting);
    this.#active.push(...line.slice(0, free));
    this.#waiting = line.slice(free);
    for (const [at, wish] of line.entries()) {
      const place = Math.max(0, at - free + 1);
      if (this.#told.get(wish) === place) continue;
      this.#told.set(wish, place);
      this.#tell(wish, place);
    }
  }
}

function countOf(wishes: readonly TurnWish[], peer: PeerId): number {
  return wishes.filter((wish) => wish.peer === peer).length;
}

/** Those that wait in the order in which they get their turns, if those before them end one by one. */
function inLine(active: readonly TurnWish[], waiting: readonly TurnWish[]): TurnWish[] {
  const busy = new Map<PeerId, number>();
  const count = ({ peer }: TurnWish): number => busy.get(peer) ?? 0;
  const take = (wish: TurnWish): void => void busy.set(wish.peer, count(wish) + 1);
  for (const wish of active) take(wish);
  const left = [...waiting];
  const line: TurnWish[] = [];
  while (left.length > 0) {
    const next = left.reduce((best, wish) => (count(wish) < count(best) ? wish : best));
    left.splice(left.indexOf(next), 1);
    take(next);
    line.push(next);
  }
  return line;
}
