import type { PeerId } from '../ids.ts';

/** A change above this is believed at once: what is told is a median already, and no wavering goes so far. */
const JUMP = 1.3;
/** Weight of a new pace that is close to the one before. */
const SMOOTHING = 0.3;
/** Of fewer devices it cannot be told whether all are slower than measured, or one. */
const ENOUGH_TO_TELL = 3;
/** Within these bounds sums stay finite, whatever a device claims. */
const [LEAST, MOST] = [1 / 50, 1000];

interface Pace {
  readonly factor: number;
  readonly at: number;
}

/** How much longer devices take at work than their measured times say, learned from the items that pass. */
export class Paces {
  readonly #known = new Map<PeerId, Pace>();

  /** A stage took this device `ms` an item lately, where `expectedMs` was measured before. */
  learn(peer: PeerId, ms: number, expectedMs: number, at: number): void {
    if (!(expectedMs > 0) || !(ms >= 0)) return;
    const told = Math.min(MOST, Math.max(LEAST, ms / expectedMs));
    const before = this.#known.get(peer)?.factor;
    const near = before !== undefined && told < before * JUMP && told > before / JUMP;
    this.#known.set(peer, { factor: near ? before + SMOOTHING * (told - before) : told, at });
  }

  /** Time at work over time as measured. Devices that have not worked yet share what is common to those that have. */
  factor(peer: PeerId): number {
    const known = this.#known.get(peer)?.factor;
    if (known !== undefined) return known;
    const others = [...this.#known.values()].map(({ factor }) => factor).sort((a, b) => a - b);
    return others.length >= ENOUGH_TO_TELL ? (others[others.length >> 1] ?? 1) : 1;
  }

  /** When the device last told; undefined if it never did. */
  toldAt(peer: PeerId): number | undefined {
    return this.#known.get(peer)?.at;
  }

  /** Somebody has asked the device again: its next answer counts. */
  looked(peer: PeerId, at: number): void {
    const known = this.#known.get(peer);
    if (known) this.#known.set(peer, { ...known, at });
  }

  forget(peer: PeerId): void {
    this.#known.delete(peer);
  }

  clear(): void {
    this.#known.clear();
  }
}
