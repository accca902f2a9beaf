import type { PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';

/**
 * Texts that are written at once. Each has one word under way at a time, so it takes several to keep all stages of a
 * chain busy; each also keeps its past on every device, so there must be an end.
 */
const AT_ONCE = 8;
/** Wishes that may wait for all devices together, or say that they had their turn; one more is refused. */
const WAITING_LIMIT = 64;
/** A turn has no end that the desk could see but its device's word. So long it keeps others waiting of whom each has fewer … */
const GREEDY_MS = 30_000;
/** … and so long any others: longer than the longest texts take on phones. */
const LONGEST_MS = 600_000;
const LOOK_EVERY_MS = 5000;

/** Names a wish among those of its device. */
export interface TurnWish {
  readonly peer: PeerId;
  readonly ticket: number;
}

interface Turn extends TurnWish {
  readonly since: number;
  /** Whoever waits is let begin beside it. */
  overdue: boolean;
}

/** 0: it is this wish's turn; n: it is the n-th in line; null: the line is full. */
export type TellTurn = (wish: TurnWish, place: number | null) => void;

/**
 * Decides whose text is written next: of those that wait, one of the device that has the fewest under way, the earliest
 * first. So a device with ten wishes does not keep another with one from its turn, and one that never ends its turns
 * keeps others waiting for half a minute only.
 */
export class TurnDesk {
  readonly #tell: TellTurn;
  readonly #clock: Clock;
  #active: Turn[] = [];
  #waiting: TurnWish[] = [];
  /** The places that were told last. */
  readonly #told = new Map<TurnWish, number>();
  /** How many turns each device said it had already. */
  readonly #claimed = new Map<PeerId, number>();
  #timer: number | undefined;

  constructor(clock: Clock, tell: TellTurn) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** `held`: the device was given its turn before this desk knew of it, by the leader's page before a reload. */
  want(peer: PeerId, ticket: number, held: boolean): void {
    if ([...this.#active, ...this.#waiting].some((wish) => wish.peer === peer && wish.ticket === ticket))
      return;
    const wish = { peer, ticket };
    if (held && this.#mayClaim(peer)) this.#begin(wish);
    else if (this.#waiting.length < WAITING_LIMIT || this.#makeRoom(peer)) this.#waiting.push(wish);
    else {
      this.#tell(wish, null);
      return;
    }
    this.#go();
  }

  close(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
  }

  /** No honest device had more turns than there are, and each says so once for as long as it is here. */
  #mayClaim(peer: PeerId): boolean {
    const claimed = this.#claimed.get(peer) ?? 0;
    if (claimed >= AT_ONCE || countOf(this.#active, peer) >= AT_ONCE) return false;
    this.#claimed.set(peer, claimed + 1);
    return true;
  }

  #begin(wish: TurnWish): void {
    this.#active.push({ ...wish, since: this.#clock.now(), overdue: false });
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
    this.#claimed.delete(peer);
    this.#drop((wish) => wish.peer === peer);
  }

  #drop(gone: (wish: TurnWish) => boolean): void {
    this.#active = this.#active.filter((wish) => !gone(wish));
    this.#waiting = this.#waiting.filter((wish) => !gone(wish));
    for (const wish of this.#told.keys()) if (gone(wish)) this.#told.delete(wish);
    this.#go();
  }

  #go(): void {
    for (;;) {
      const [next] = inLine(this.#active, this.#waiting);
      if (!next || !this.#mayBegin(next)) break;
      this.#waiting = this.#waiting.filter((wish) => wish !== next);
      this.#begin(next);
      this.#place(next, 0);
    }
    const line = inLine(this.#active, this.#waiting);
    for (const [at, wish] of line.entries()) this.#place(wish, at + 1);
    if (line.length > 0) this.#timer ??= this.#clock.setTimeout(() => this.#look(), LOOK_EVERY_MS);
  }

  #look(): void {
    this.#timer = undefined;
    this.#go();
  }

  /** There is a place, or one that somebody has had for long enough. */
  #mayBegin({ peer }: TurnWish): boolean {
    const own = countOf(this.#active, peer);
    // Of one device no more are under way than of a whole room, however long they take.
    if (own >= AT_ONCE) return false;
    const counting = this.#active.filter(({ overdue }) => !overdue);
    if (counting.length < AT_ONCE) return true;
    const now = this.#clock.now();
    const late = counting.find(({ peer: other, since }) => {
      const isGreedy = countOf(this.#active, other) > own + 1;
      return other !== peer && now - since >= (isGreedy ? GREEDY_MS : LONGEST_MS);
    });
    if (late) late.overdue = true;
    return late !== undefined;
  }

  #place(wish: TurnWish, place: number): void {
    if (this.#told.get(wish) === place) return;
    // A turn has no place any more.
    if (place === 0) this.#told.delete(wish);
    else this.#told.set(wish, place);
    this.#tell(wish, place);
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
