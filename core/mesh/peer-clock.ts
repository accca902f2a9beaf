/** Quartz clocks of two devices drift apart by up to 0.1 ms a second, so an old reading is worth that much less. */
const DRIFT = 1e-4;
const ECHO_BYTES = 24;

/** Half the round trip of a tiny packet, and how far their clock was ahead of ours then. */
interface Reading {
  readonly at: number;
  readonly tinyMs: number;
  readonly ahead: number;
}

/** How two clocks stand to each other. */
export interface ClockOffset {
  /** The other side's clock shows so much more than ours. */
  readonly aheadMs: number;
  /** It is off by at most this much now, however unequal the two ways of an echo were. */
  readonly errorMs: number;
}

/**
 * How far the peer's clock is ahead of ours, as NTP finds it: by the quickest echo, since a busy page answers late but
 * never early. Both ways of a tiny packet are taken to be equal. Where they are not, what one direction seems to take
 * too long the other seems to take too short, so a request that comes home again is still predicted rightly.
 */
export class PeerClock {
  #best: Reading | undefined;

  /** The least one-way time of a tiny packet, undefined before the first echo. */
  get tinyMs(): number | undefined {
    return this.#best?.tinyMs;
  }

  /** How far the peer's clock is ahead, null before the first echo. */
  offset(now: number): ClockOffset | null {
    const best = this.#best;
    if (!best) return null;
    return { aheadMs: best.ahead, errorMs: best.tinyMs + Math.max(0, now - best.at) * DRIFT };
  }

  /** What an echo carries: the ping as it came, and the time here. */
  static echo(ping: Uint8Array<ArrayBuffer>, now: number): Uint8Array<ArrayBuffer> {
    if (ping.byteLength + 8 !== ECHO_BYTES) return ping;
    const bytes = new Uint8Array(ECHO_BYTES);
    bytes.set(ping);
    new DataView(bytes.buffer).setFloat64(ping.byteLength, now, true);
    return bytes;
  }

  /** Takes an echo: when we sent the ping (f64), what else was in it, their time (f64). Foreign bytes. */
  heard(now: number, echo: Uint8Array<ArrayBuffer>): void {
    if (echo.byteLength !== ECHO_BYTES) return;
    const view = new DataView(echo.buffer, echo.byteOffset, ECHO_BYTES);
    const sentAt = view.getFloat64(0, true);
    const theirs = view.getFloat64(ECHO_BYTES - 8, true);
    const tinyMs = (now - sentAt) / 2;
    if (!(tinyMs >= 0 && Number.isFinite(theirs))) return;
    const best = this.#best;
    if (!best || tinyMs <= best.tinyMs + (now - best.at) * DRIFT) {
      this.#best = { at: now, tinyMs, ahead: theirs - (sentAt + tinyMs) };
    }
  }

  /**
   * How long something was under way that left at `sentAt` and came at `theirs` by their clock, if it is known now
   * that it did. The answer lies within what our own clock allows.
   */
  passed(sentAt: number, theirs: number, now: number): number | undefined {
    if (!this.#best || !Number.isFinite(theirs)) return undefined;
    return Math.min(now - sentAt, Math.max(0, theirs - this.#best.ahead - sentAt));
  }
}
