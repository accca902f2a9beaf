import type { PeerId } from '../ids.ts';
import type { DeviceTimes } from '../plan/profile.ts';

/** How long after a measurement the next one comes, at rest. */
const GAP_MS = 10_000;
/** Two measurements that differ by less agree, and so do a measurement and the work after it. */
const AGREE = 0.15;
/** A device whose times never agree has told as much as it can. */
const MOST = 6;
/** A device that has not answered by then does not hold up the others. */
const PATIENCE_MS = 45_000;

interface Measured {
  readonly totalMs: number;
  readonly at: number;
  readonly times: number;
  readonly settled: boolean;
}

/**
 * A device that has just joined is busy with itself: browsers go on compiling the runtime for a while after it works.
 * So each measures the model again at rest, one device at a time, until two measurements in a row agree.
 */
export class Settling {
  readonly #devices = new Map<PeerId, Measured>();
  #asked: { readonly peer: PeerId; readonly at: number } | undefined;

  /** Returns whether it agrees with the measurement before. */
  measured(
    peer: PeerId,
    { blockMs, perItemMs }: Pick<DeviceTimes, 'blockMs' | 'perItemMs'>,
    now: number,
  ): boolean {
    const before = this.#devices.get(peer);
    const totalMs = blockMs.reduce((sum, ms) => sum + ms, perItemMs);
    const agrees = before !== undefined && Math.abs(Math.log(totalMs / before.totalMs)) < AGREE;
    const times = (before?.times ?? 0) + 1;
    this.#devices.set(peer, { totalMs, at: now, times, settled: agrees || times >= MOST });
    if (this.#asked?.peer === peer) this.#asked = undefined;
    return agrees;
  }

  /** Items take the device `factor` times as long as it measured: unless that is about once, it measures again. */
  worked(peer: PeerId, factor: number): void {
    const known = this.#devices.get(peer);
    if (!known || known.times >= MOST || Math.abs(Math.log(factor)) < AGREE) return;
    this.#devices.set(peer, { ...known, settled: false });
  }

  /** True when it is this device's turn to measure again; it counts as asked then. */
  isDue(peer: PeerId, now: number): boolean {
    const known = this.#devices.get(peer);
    if (!known || known.settled || now - known.at < GAP_MS) return false;
    if (this.#asked && now - this.#asked.at < PATIENCE_MS) return false;
    this.#asked = { peer, at: now };
    return true;
  }

  forget(peer: PeerId): void {
    this.#devices.delete(peer);
    if (this.#asked?.peer === peer) this.#asked = undefined;
  }

  /** Another model. */
  clear(): void {
    this.#devices.clear();
    this.#asked = undefined;
  }
}
