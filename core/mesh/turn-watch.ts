import { isThroughTurn } from './chosen-pair.ts';
import type { Clock } from './clock.ts';

/** How simple-peer tells RTC's statistics. */
export type GetStats = (callback: (error: Error | null, reports: readonly unknown[]) => void) => void;

/** RTC begins with the first pair that works and changes to a better one, mostly soon. */
const LOOK_AGAIN_MS: readonly number[] = [1000, 4000, 15_000, 30_000];
/** A link is not kept waiting for longer to be told what it is. */
const FIRST_LOOK_MS = 500;

/** Keeps an eye on whether one connection goes through a TURN server. */
export class TurnWatch {
  readonly #getStats: GetStats;
  readonly #clock: Clock;
  #isThrough = false;
  #looks = 0;
  #timer: number | undefined;
  #over = false;

  constructor(getStats: GetStats, clock: Clock) {
    this.#getStats = getStats;
    this.#clock = clock;
  }

  /** False until the first look says otherwise. */
  get isThrough(): boolean {
    return this.#isThrough;
  }

  /** Looks until {@link stop}. `known` is called once, with the first answer or when it takes too long. */
  start(known: () => void): void {
    let told = false;
    const tell = (): void => {
      if (told) return;
      told = true;
      known();
    };
    this.#clock.setTimeout(tell, FIRST_LOOK_MS);
    this.#look(tell);
  }

  stop(): void {
    this.#over = true;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
  }

  #look(then: () => void): void {
    if (this.#over) return;
    this.#getStats((error, reports) => {
      if (this.#over) return;
      // What cannot be read, or is not there for a moment, changes nothing.
      this.#isThrough = (error ? undefined : isThroughTurn(reports)) ?? this.#isThrough;
      then();
    });
    const wait = LOOK_AGAIN_MS[Math.min(this.#looks, LOOK_AGAIN_MS.length - 1)] ?? 0;
    this.#looks += 1;
    this.#timer = this.#clock.setTimeout(() => this.#look(() => undefined), wait);
  }
}
