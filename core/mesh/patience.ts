/**
 * A peer that is heard and says for this long that nothing of what it was sent has come. Every packet of its own says
 * how far it is, so on a wire of 3 KB/s an honest one has had a packet of 64 KiB by then.
 */
const PATIENCE_MS = 20_000;
/** A look this late means that our own page slept. */
const SLEPT_MS = 2000;

/** What is to be done: nothing, to send again what some wire may have swallowed, or to end the link. */
export type Verdict = 'nothing' | 'again' | 'link';

/**
 * Tells a peer that answers pings and takes nothing from one that is slow, and from a wire that lost something, such as
 * one that is not in use any more and that nobody listens to: what was sent is sent again first. All times in ms of the caller's clock.
 */
export class Patience {
  #awaited: number | undefined;
  #since = 0;
  #times = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** `awaited`: how far the peer is, undefined when nothing is under way. */
  look(awaited: number | undefined, now: number): Verdict {
    const slept = now - this.#lookedAt > SLEPT_MS;
    this.#lookedAt = now;
    if (awaited !== this.#awaited) this.#times = 0;
    if (awaited === undefined || awaited !== this.#awaited || slept) this.#since = now;
    this.#awaited = awaited;
    if (awaited === undefined || now - this.#since < PATIENCE_MS) return 'nothing';
    this.#since = now;
    this.#times += 1;
    return this.#times > 1 ? 'link' : 'again';
  }

  /** Another wire: what was sent is sent again. */
  begin(now: number): void {
    this.#since = now;
  }
}
