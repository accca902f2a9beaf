import { type RateLimiterAbstract, RateLimiterMemory } from 'rate-limiter-flexible';
import type { ToServer } from '../core/protocol/signaling.ts';

/** In all: each takes some 20 KB, so this is 200 MB. */
const MAX_CONNECTIONS = 10_000;
/** A school behind one address: ten classes with every device in a room, and as many again that reload. */
const MAX_OF_ADDRESS = 600;

const MINUTE_S = 60;
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

type Arrival = Extract<ToServer, { type: 'open' | 'join' }>;

const limiter = (points: number): RateLimiterMemory => new RateLimiterMemory({ points, duration: MINUTE_S });

/** How much of everything one address, one room and all together may have. */
export class Limits {
  readonly #connections = new Map<string, number>();
  readonly #arrivals = limiter(ARRIVALS);
  readonly #openings = limiter(OPENINGS);
  readonly #ofRoom = limiter(ARRIVALS_OF_ROOM);
  readonly #guesses = limiter(GUESSES);
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

  /** Whether this address may come to a door once more; `isProven`: it knows the secret of the room. */
  async mayArrive(address: string, { type, room }: Arrival, isProven: boolean): Promise<boolean> {
    if (!(await taken(this.#arrivals, address))) return false;
    if (type === 'open' && !(await taken(this.#openings, address))) return false;
    // Strangers must not use up what is for those inside.
    return !isProven || (await taken(this.#ofRoom, room));
  }

  /** A wrong secret: so long its answer is to wait. */
  async guessed(address: string): Promise<number> {
    if (await taken(this.#guesses, address)) return 0;
    const { consumedPoints = GUESSES } = (await this.#guesses.get(address)) ?? {};
    return Math.min(LONGEST_GUESS_MS, (consumedPoints - GUESSES) * GUESS_MS);
  }
}

async function taken(limit: RateLimiterAbstract, key: string): Promise<boolean> {
  return limit.consume(key).then(
    () => true,
    // The library rejects with the state of the key; memory cannot fail otherwise.
    () => false,
  );
}
