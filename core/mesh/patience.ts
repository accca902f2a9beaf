/**
 * A peer that is heard and says for this long that nothing of what it was sent has come. Every packet of its own says
 * how far it is, so on a wire of 3 KB/s an honest one has had a packet of 64 KiB by then.
 */
const PATIENCE_MS = 20_000;
/** A look this late means that our own page slept. */
const SLEPT_MS = 2000;

/** Tells a peer that answers pings and takes nothing from one that is slow. All times in ms of the caller's clock. */
export class Patience {
  #awaited: number | undefined;
  #since = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** `awaited`: how far the peer is, undefined when nothing is under way. True when it has had time enough. */
  isOver(awaited: number | undefined, now: number): boolean {
    const slept = now - this.#lookedAt > SLEPT_MS;
    this.#lookedAt = now;
    if (awaited === undefined || awaited !== this.#awaited || slept) {
      this.#awaited = awaited;
      this.#since = now;
    }
    return awaited !== undefined && now - this.#since >= PATIENCE_MS;
  }

  /** Another wire: what was sent is sent again. */
  begin(): void {
    this.#awaited = undefined;
  }
}
