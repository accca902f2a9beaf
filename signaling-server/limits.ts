import { Quota } from './quota.ts';
import type { Arrival } from './room-service.ts';

/** In all: each takes some 20 KB, so this is 200 MB. */
const MAX_CONNECTIONS = 10_000;
/** A school behind one address: ten classes with every device in a room, and as many again that reload. */
const MAX_OF_ADDRESS = 600;

/** Of one address in a minute. A class of thirty may reload twenty times, and a phone comes back often on a bad network. */
const ARRIVALS = 600;
const OPENINGS = 120;
/** Into one room in a minute, by devices that know its secret: all 32 reload every four seconds. */
const ARRIVALS_OF_ROOM = 480;
/** Wrong secrets of one address in a minute that are answered at once: links that were copied without their end. */
const GUESSES = 10;
/** Each further answer takes this much longer, up to the longest. */
const GUESS_MS = 250;
const LONGEST_GUESS_MS = 5000;
/** Texts of one connection in ten seconds: a newcomer sends each of 31 others dozens of signals. */
export const TEXTS: { readonly most: number; readonly ms: number } = { most: 4000, ms: 10_000 };

/** How much of everything one address, one room and all together may have. */
export class Limits {
  readonly #connections = new Map<string, number>();
  readonly #arrivals = new Quota('arrivals', ARRIVALS);
  readonly #openings = new Quota('openings', OPENINGS);
  readonly #ofRoom = new Quota('room', ARRIVALS_OF_ROOM);
  readonly #guesses = new Quota('guesses', GUESSES);
  #inAll = 0;

  /** False when no further connection fits at all. */
  get hasRoom(): boolean {
    return this.#inAll < MAX_CONNECTIONS;
  }

  /** Counts a connection until {@link closed}; false when its address has too many. */
  opened(address: string): boolean {
    const count = (this.#connections.get(address) ?? 0) + 1;
    this.#connections.set(address, count);
    this.#inAll += 1;
    return count <= MAX_OF_ADDRESS;
  }

  closed(address: string): void {
    const count = (this.#connections.get(address) ?? 0) - 1;
    if (count > 0) this.#connections.set(address, count);
    else this.#connections.delete(address);
    this.#inAll -= 1;
  }

  /** All processes count together while there is a client of their Redis; undefined: each for itself. */
  share(client: unknown): void {
    for (const quota of [this.#arrivals, this.#openings, this.#ofRoom, this.#guesses]) quota.share(client);
  }

  /** Whether this address may come to a door once more; `isProven`: it knows the secret of the room, (asked last). */
  async mayArrive(
    address: string,
    { type, room }: Arrival,
    isProven: () => boolean | Promise<boolean>,
  ): Promise<boolean> {
    if ((await this.#arrivals.beyond(address)) > 0) return false;
    if (type === 'open' && (await this.#openings.beyond(address)) > 0) return false;
    // Strangers must not use up what is for those inside.
    return !(await isProven()) || (await this.#ofRoom.beyond(room)) === 0;
  }

  /** A wrong secret: so long its answer is to wait. */
  async guessed(address: string): Promise<number> {
    return Math.min(LONGEST_GUESS_MS, (await this.#guesses.beyond(address)) * GUESS_MS);
  }
}
