import type { Clock } from '../mesh/clock.ts';
import type { HeldPiece } from '../protocol/messages.ts';

/** Word of pieces goes to the leader this often while they come. */
const TELL_EVERY_MS = 250;

/** Collects word of pieces, so that a stage of small ones does not cost a message each. */
export class HeldReport {
  readonly #clock: Clock;
  readonly #send: (pieces: readonly HeldPiece[]) => void;
  #pieces: HeldPiece[] = [];
  #timer: number | undefined;

  constructor(clock: Clock, send: (pieces: readonly HeldPiece[]) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  add(piece: HeldPiece): void {
    this.#pieces.push(piece);
    this.#timer ??= this.#clock.setTimeout(() => this.flush(), TELL_EVERY_MS);
  }

  flush(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pieces.length > 0) this.#send(this.#pieces);
    this.#pieces = [];
  }
}
