import type { Clock } from '../mesh/clock.ts';
import type { Progress } from '../session/state.ts';
import { Rate } from '../weights/rate.ts';

/** While nothing comes, this device still tries: a leader that hears nothing of it for 60 s gives it up. */
const SIGN_OF_LIFE_MS = 5000;

/** Tells how far a stage has come and how long the rest takes: when bytes come, and now and then when none do. */
export class GatherProgress {
  readonly #clock: Clock;
  readonly #total: number;
  readonly #tell: (progress: Progress) => void;
  readonly #rate: Rate = new Rate();
  #bytes = 0;
  #timer: number | undefined;

  /** Tells at once that it begins. */
  constructor(clock: Clock, total: number, tell: (progress: Progress) => void) {
    this.#clock = clock;
    this.#total = total;
    this.#tell = tell;
    this.#beat();
  }

  at(bytes: number): void {
    this.#bytes = bytes;
    this.#rate.add(this.#clock.now(), bytes);
    const secondsLeft = this.#rate.secondsLeft(this.#total);
    this.#tell({
      step: 'Receiving its layers',
      fraction: this.#total > 0 ? bytes / this.#total : null,
      bytesDone: bytes,
      bytesTotal: this.#total,
      ...(secondsLeft === undefined ? {} : { secondsLeft }),
    });
  }

  end(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
  }

  #beat(): void {
    this.at(this.#bytes);
    this.#timer = this.#clock.setTimeout(() => this.#beat(), SIGN_OF_LIFE_MS);
  }
}
