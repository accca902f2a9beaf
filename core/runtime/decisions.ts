import type { Clock } from '../mesh/clock.ts';

/** Several devices often become ready together: one plan for all of them. */
const SETTLE_MS = 250;

/** Has one decision made at a time, soon after it was asked for; whatever happens meanwhile asks for one more. */
export class Decisions {
  readonly #clock: Clock;
  readonly #decide: () => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #timer: number | undefined;
  #deciding = false;
  #again = false;

  constructor(clock: Clock, decide: () => Promise<void>, failed: (error: unknown) => void) {
    this.#clock = clock;
    this.#decide = decide;
    this.#failed = failed;
  }

  /** The last to ask says when. */
  schedule(delayMs: number = SETTLE_MS): void {
    this.close();
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      void this.#inTurn();
    }, delayMs);
  }

  close(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
  }

  async #inTurn(): Promise<void> {
    this.#again = true;
    if (this.#deciding) return;
    this.#deciding = true;
    while (this.#again) {
      this.#again = false;
      // What was asked for meanwhile is decided also where this one fails.
      await this.#decide().catch(this.#failed);
    }
    this.#deciding = false;
  }
}
