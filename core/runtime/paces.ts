import type { PeerId } from '../ids.ts';

/** A change above this is believed at once: what is told is a median already, and no wavering goes so far. */
const JUMP = 1.3;
/** Weight of a new pace that is close to the one before. */
const SMOOTHING = 0.3;
/** Of fewer devices it cannot be told whether all are slower than measured, or one. */
const ENOUGH_TO_TELL = 3;
/** A stage of this share of the model or more tells how the device does in all the rest; a small one little. */
const TELLING = 0.25;
/**
 * Measuring is off by no more than this on a device that is well: parts that lie in its caches are quicker than a model
 * that does not (1.6 times for 540 MB of weights, measured).
 */
const MOST_USUAL = 2;
/** Within these bounds sums stay finite, whatever a device claims. */
const [LEAST, MOST] = [1 / 50, 1000];

/** Blocks [start, end) that a device has worked on as one stage. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

interface Worked {
  readonly range: Range;
  readonly share: number;
  readonly factor: number;
}

/** What items took on a stage. */
export interface Work {
  readonly range: Range;
  /** Of an item, lately. */
  readonly ms: number;
  /** The same as it was measured before. */
  readonly expectedMs: number;
  /** Of the range in the device's time for the whole model, in [0, 1]. */
  readonly share: number;
}

interface Pace {
  /** Of the device as a whole, as its largest stage told. */
  readonly factor: number;
  /** The latest last. Measuring was off by something else in each part of the model. */
  readonly worked: readonly Worked[];
  readonly at: number;
  /** As its largest stage told when it first worked: what measuring is off by for this model, on a device that is well. */
  readonly usual: Pick<Worked, 'factor' | 'share'>;
}

/** How much longer devices take at work than their measured times say, learned from the items that pass. */
export class Paces {
  readonly #known = new Map<PeerId, Pace>();

  /** Returns how many times longer the work takes than when it was told last; undefined where it was not. */
  learn(peer: PeerId, { range, ms, expectedMs, share }: Work, at: number): number | undefined {
    if (!(expectedMs > 0) || !(ms >= 0)) return undefined;
    const told = Math.min(MOST, Math.max(LEAST, ms / expectedMs));
    const { worked = [], usual } = this.#known.get(peer) ?? {};
    const isSame = (other: Worked): boolean =>
      other.range.start === range.start && other.range.end === range.end;
    const before = worked.find(isSame)?.factor;
    const near = before !== undefined && told < before * JUMP && told > before / JUMP;
    const factor = near ? before + SMOOTHING * (told - before) : told;
    // A device that is another one now is so in every part of the model.
    const others = before !== undefined && !near ? [] : worked.filter((other) => !isSame(other));
    const all = [...others, { range, share, factor }];
    const largest = all.reduce((best, other) => (other.share >= best.share ? other : best));
    const overall = largest.factor ** Math.min(1, largest.share / TELLING);
    const strained = this.strain(peer) > JUMP;
    const isFirst = before === undefined && share > (usual?.share ?? 0) && !strained;
    const off = Math.min(MOST_USUAL, Math.max(1 / MOST_USUAL, overall));
    const first = isFirst || !usual ? { factor: off, share } : usual;
    this.#known.set(peer, { factor: overall, worked: all, at, usual: first });
    return before === undefined ? undefined : factor / before;
  }

  /** Time at work over time as measured. Devices that have not worked yet share what is common to those that have. */
  factor(peer: PeerId): number {
    const known = this.#known.get(peer)?.factor;
    if (known !== undefined) return known;
    const others = [...this.#known.values()].map(({ factor }) => factor).sort((a, b) => a - b);
    return others.length >= ENOUGH_TO_TELL ? (others[others.length >> 1] ?? 1) : 1;
  }

  /** The same for one block: as the last stage told that it was part of. */
  factorOf(peer: PeerId, block: number): number {
    const told = this.#known
      .get(peer)
      ?.worked.findLast(({ range }) => range.start <= block && block < range.end);
    return told?.factor ?? this.factor(peer);
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

  /** The same over what is usual for the device. */
  strain(peer: PeerId): number {
    const known = this.#known.get(peer);
    return known ? known.factor / known.usual.factor : 1;
  }

  /** The device was measured again, and is as quick as before: what has slowed it down at work is over. */
  recovered(peer: PeerId): void {
    const known = this.#known.get(peer);
    if (known) this.#known.set(peer, { ...known, factor: known.usual.factor, worked: [] });
  }

  forget(peer: PeerId): void {
    this.#known.delete(peer);
  }

  clear(): void {
    this.#known.clear();
  }
}
