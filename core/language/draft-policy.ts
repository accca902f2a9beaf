/** Tokens of one draft, an estimate: whether so many pay is measured at work, below. */
const MOST = 8;
/** After drafts that did not pay, so many tokens are written without. */
const PAUSE = 24;
/** How much of what was known stays after another run. */
const MEMORY = 0.7;

/** Whether drafting pays, by what it brought and what it cost in this very room. */
export class DraftPolicy {
  #size = 2;
  #pause = 0;
  #plainMs: number | undefined;
  /** Time for one token of a run with a draft. */
  #draftedMs: number | undefined;

  /** Tokens that the next draft may have; 0 for none. */
  get size(): number {
    return this.#pause > 0 || this.#plainMs === undefined ? 0 : this.#size;
  }

  /** A run of one token after another took so long; it had a draft of `offered` tokens, of which so many were right. */
  ran(ms: number, offered: number, accepted: number): void {
    if (offered === 0) {
      this.#plainMs = blend(this.#plainMs, ms);
      this.#pause = Math.max(0, this.#pause - 1);
      return;
    }
    this.#draftedMs = blend(this.#draftedMs, ms / (accepted + 1));
    if (accepted === offered) this.#size = Math.min(MOST, this.#size * 2);
    else if (accepted === 0) this.#size = Math.max(1, this.#size >> 1);
    if (this.#plainMs === undefined || this.#draftedMs <= this.#plainMs) return;
    this.#pause = PAUSE;
    this.#draftedMs = undefined;
  }
}

function blend(known: number | undefined, ms: number): number {
  return known === undefined ? ms : known * MEMORY + ms * (1 - MEMORY);
}
