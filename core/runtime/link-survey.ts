import type { PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { LinkReport } from '../protocol/messages.ts';

/** Large enough to pass slow start, small enough to cost a phone little: 0.2 s at 10 Mbit/s. */
const PROBE_BYTES = 256 * 1024;
/** Lets a fresh link carry cards and the first heartbeats before it is measured. */
const SETTLE_MS = 400;
/** A device that has just joined is busy with itself, so each link is measured again, this much later … */
const AGAIN_MS = 4000;
/** … this many times in all, and the best of them counts. */
const ROUNDS = 3;

/** Measures round trip and bandwidth to each peer, one link at a time, and reports what is known. */
export class LinkSurvey {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #report: (links: readonly LinkReport[]) => void;
  readonly #known = new Map<PeerId, LinkReport>();
  readonly #rounds = new Map<PeerId, number>();
  #timer: number | undefined;
  #measuring = false;
  #stopped = false;

  constructor(network: Network, clock: Clock, report: (links: readonly LinkReport[]) => void) {
    this.#network = network;
    this.#clock = clock;
    this.#report = report;
  }

  /** Measures the links that are due; call again when a peer came. */
  start(): void {
    this.#schedule(SETTLE_MS);
  }

  forget(peer: PeerId): void {
    this.#known.delete(peer);
    this.#rounds.delete(peer);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
  }

  #schedule(ms: number): void {
    if (this.#stopped || this.#measuring) return;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      void this.#round();
    }, ms);
  }

  /** One side of each pair measures: a link serves both directions until live traffic says otherwise. */
  #due(): readonly PeerId[] {
    const { me } = this.#network;
    return this.#network.peers().filter((peer) => me < peer && (this.#rounds.get(peer) ?? 0) < ROUNDS);
  }

  async #round(): Promise<void> {
    this.#measuring = true;
    for (const peer of this.#due()) {
      if (this.#stopped) break;
      this.#rounds.set(peer, (this.#rounds.get(peer) ?? 0) + 1);
      const measured = await this.#network.measureBandwidth(peer, PROBE_BYTES).catch(() => undefined);
      const rttMs = this.#network.stats(peer)?.rttMs;
      // The peer left, or no heartbeat came back yet: another round may tell.
      if (measured === undefined || rttMs === null || rttMs === undefined) continue;
      const before = this.#known.get(peer);
      const best: LinkReport = {
        peer,
        rttMs: Math.min(rttMs, before?.rttMs ?? rttMs),
        mbitPerSec: Math.max(measured, before?.mbitPerSec ?? measured),
      };
      this.#known.set(peer, best);
      this.#report([...this.#known.values()]);
    }
    this.#measuring = false;
    if (this.#due().length > 0) this.#schedule(AGAIN_MS);
  }
}
