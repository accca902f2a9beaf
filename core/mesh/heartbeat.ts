/** How often a link looks at itself. */
export const TICK_MS = 250;
/** Busy links ping at each tick: a device that went is noticed while somebody waits for its answer. */
const BUSY_PING_MS = 250;
/** Idle ones cost a phone's radio as little as they can; hidden tabs run timers once a second anyway. */
const IDLE_PING_MS = 1000;
/** No packet for this long: the wire is lost. ICE itself says "disconnected" after 6 s (facts.md F). */
export const SILENCE_MS = 6000;
/** The same when the server just lost the device too: a page at work answers within half a second. */
const SUSPECT_MS = 1000;
/** A tick this late means that our own page slept: whoever is silent may have been heard by nobody. */
const SLEPT_MS = 2000;
/** Above this much in the buffer a round trip measures our own queue rather than the way. */
const CLEAN_BYTES = 64 * 1024;
/**
 * Weight of a new round trip in the smoothed one: as in RFC 6298 when it is longer, more when it is shorter.
 * A busy page answers late but never early, so the short ones tell the way (a fresh channel in Chromium: 20 ms
 * at first, then 1 ms).
 */
const RISING = 1 / 8;
const FALLING = 1 / 2;
/** Pings at each tick after a change of wire, so that the round trip is known before a plan needs it. */
const WARM_UP_PINGS = 6;
/** Echoes older than this are nonsense. */
const LONGEST_RTT_MS = 60_000;

/** What a tick asks for. */
export type HeartbeatVerdict = 'nothing' | 'ping' | 'silent';

const PING_BYTES = 16;

/**
 * Decides when to ping and when a wire has been silent for too long, and smooths round trips. It judges one
 * wire at a time, the one in use. All times in ms of the caller's clock.
 */
export class Heartbeat {
  #heardAt: number;
  #pingedAt = Number.NEGATIVE_INFINITY;
  #tickedAt: number;
  #suspectedAt: number | undefined;
  #warmUp = WARM_UP_PINGS;
  #rttMs: number | null = null;

  constructor(now: number) {
    this.#heardAt = now;
    this.#tickedAt = now;
  }

  /** When the other side was last heard over the wire in use. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Smoothed round trip, null before the first. */
  get rttMs(): number | null {
    return this.#rttMs;
  }

  /** Another wire is in use from now on. */
  changed(now: number): void {
    this.#heardAt = now;
    if (this.#suspectedAt !== undefined) this.#suspectedAt = now;
    this.#pingedAt = Number.NEGATIVE_INFINITY;
    this.#warmUp = WARM_UP_PINGS;
    this.#rttMs = null;
  }

  heard(now: number): void {
    this.#heardAt = now;
    this.#suspectedAt = undefined;
  }

  /** Somebody says the device is gone: it has {@link SUSPECT_MS} to show otherwise. */
  suspect(now: number): void {
    this.#suspectedAt = now;
    this.#pingedAt = Number.NEGATIVE_INFINITY;
  }

  tick(now: number, busy: boolean): HeartbeatVerdict {
    if (now - this.#tickedAt > SLEPT_MS) {
      this.#heardAt = now;
      if (this.#suspectedAt !== undefined) this.#suspectedAt = now;
    }
    this.#tickedAt = now;
    if (now - this.#heardAt > SILENCE_MS) return 'silent';
    if (this.#suspectedAt !== undefined && now - this.#suspectedAt > SUSPECT_MS) return 'silent';
    return now - this.#pingedAt >= (busy || this.#warmUp > 0 ? BUSY_PING_MS : IDLE_PING_MS)
      ? 'ping'
      : 'nothing';
  }

  /** The bytes of a ping: when it was sent (f64) and behind how many bytes (f64). The other side echoes them, and more. */
  ping(now: number, bufferedBytes: number): Uint8Array<ArrayBuffer> {
    this.#pingedAt = now;
    this.#warmUp = Math.max(0, this.#warmUp - 1);
    const bytes = new Uint8Array(PING_BYTES);
    const view = new DataView(bytes.buffer);
    view.setFloat64(0, now, true);
    view.setFloat64(8, bufferedBytes, true);
    return bytes;
  }

  /** Takes an echo; true when the round trip changed. */
  pong(now: number, bytes: Uint8Array<ArrayBuffer>): boolean {
    if (bytes.byteLength < PING_BYTES) return false;
    const view = new DataView(bytes.buffer, bytes.byteOffset, PING_BYTES);
    const rtt = now - view.getFloat64(0, true);
    if (!(rtt >= 0 && rtt <= LONGEST_RTT_MS)) return false;
    if (this.#rttMs === null) this.#rttMs = rtt;
    else if (view.getFloat64(8, true) <= CLEAN_BYTES) {
      this.#rttMs += (rtt < this.#rttMs ? FALLING : RISING) * (rtt - this.#rttMs);
    } else return false;
    return true;
  }
}
