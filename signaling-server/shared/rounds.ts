import type { RoomId } from '../../core/ids.ts';
import { GRACE_MS } from '../room.ts';
import { type Exchange, KEEP_MS } from './exchange.ts';
import type { Hall } from './hall.ts';
import type { Halls } from './halls.ts';
import type { RoomRecord } from './room-record.ts';

/** What has to be looked at from time to time: who lives, whose grace time is over, which rooms are still in use. */
export class Rounds {
  readonly #halls: Halls;
  readonly #now: () => number;
  #isLooking = false;

  constructor(halls: Halls, now: () => number) {
    this.#halls = halls;
    this.#now = now;
  }

  /** Call about once a second. */
  tick(): void {
    const { exchange } = this.#halls;
    if (!exchange) return;
    // Also while the last one has no answer: so an exchange that has fallen silent is noticed.
    exchange.beat().catch(lifelineHears);
    void this.#look(exchange);
    const now = this.#now();
    const kept: Hall[] = [];
    for (const hall of this.#halls.all()) {
      if (hall.places.size === 0 && !hall.isBusy) this.#halls.forget(hall);
      else if (hall.record && isDue(hall.record, now) && !hall.isBusy) this.#halls.refresh(hall);
      if (hall.places.size > 0 && now - hall.keptAt > KEEP_MS / 3) kept.push(hall);
    }
    void this.#keep(exchange, kept);
  }

  /** Rooms that members here are in are not forgotten; those that were, because somebody emptied Redis, are put back. */
  async #keep(exchange: Exchange, halls: readonly Hall[]): Promise<void> {
    if (halls.length === 0) return;
    for (const hall of halls) hall.keptAt = this.#now();
    // The lifeline hears of it, too.
    const forgotten = await exchange.keep(halls.map(({ id }) => id)).catch((): RoomId[] => []);
    for (const hall of halls) if (forgotten.includes(hall.id)) this.#halls.refresh(hall);
  }

  /** Finds out who no longer lives. */
  async #look(exchange: Exchange): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const others = new Set(this.#halls.all().flatMap((hall) => [...hall.processes]));
    others.delete(exchange.name);
    try {
      const missing = await exchange.missing([...others]).catch(lifelineHears);
      for (const process of missing ?? []) this.#halls.absent(process);
    } finally {
      this.#isLooking = false;
    }
  }
}

/** The connection is over: nothing is to be done here. */
function lifelineHears(): undefined {}

/** Somebody's grace time is over. */
function isDue({ members }: RoomRecord, now: number): boolean {
  return members.some(([, , seat, since]) => !seat && now - since >= GRACE_MS);
}
