import type { PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { LinkReport } from '../protocol/messages.ts';

/** Large enough to pass slow start, small enough to cost a phone little: 0.2 s at 10 Mbit/s. */
const PROBE_BYTES = 256 * 1024;
/** Lets a fresh link carry cards and the first heartbeats before it is measured. */
const SETTLE_MS = 400;
/** A probe that fails is tried again this much later, this many times. */
const RETRY_MS = 3000;
const TRIES = 3;

/** Measures round trip and bandwidth to each peer once, one link at a time, and reports what is known. */
export class LinkSurvey {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #report: (links: readonly LinkReport[]) => void;
  readonly #known = new Map<PeerId, LinkReport>();
  readonly #tries = new Map<PeerId, number>();
  #running = false;
  #stopped = false;

  constructor(network: Network, clock: Clock, report: (links: readonly LinkReport[]) => void) {
    this.#network = network;
    this.#clock = clock;
    this.#report = report;
  }

  /** Measures the links that are not known yet; call again when a peer came. */
  start(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    this.#clock.setTimeout(() => void this.#round(), SETTLE_MS);
  }

  forget(peer: PeerId): void {
    this.#known.delete(peer);
    this.#tries.delete(peer);
  }

  stop(): void {
    this.#stopped = true;
  }

  async #round(): Promise<void> {
    const { me } = this.#network;
    // One side of each pair measures: the link serves both directions until live traffic says otherwise.
    const unknown = this.#network
      .peers()
      .filter((peer) => me < peer && !this.#known.has(peer) && (this.#tries.get(peer) ?? 0) < TRIES);
    for (const peer of unknown) {
      if (this.#stopped) return;
      this.#tries.set(peer, (this.#tries.get(peer) ?? 0) + 1);
      const mbitPerSec = await this.#network.measureBandwidth(peer, PROBE_BYTES).catch(() => undefined);
      const rttMs = this.#network.stats(peer)?.rttMs;
      if (mbitPerSec === undefined || rttMs === null || rttMs === undefined) continue;
      this.#known.set(peer, { peer, rttMs, mbitPerSec });
      this.#report([...this.#known.values()]);
    }
    this.#running = false;
    const left = this.#network
      .peers()
      .some((peer) => me < peer && !this.#known.has(peer) && (this.#tries.get(peer) ?? 0) < TRIES);
    if (left && !this.#stopped) this.#clock.setTimeout(() => this.start(), RETRY_MS);
  }
}
