import type { PeerId } from '../../ids.ts';
import type { LoadStage } from '../../protocol/messages.ts';
import type { PlanView } from '../../session/state.ts';
import { type Judge, ODD_RUNS, type Opinion } from './judge.ts';
import type { Pair } from './pairs.ts';
import type { Recomputations } from './recomputations.ts';

/** Devices that are asked to compute a run again until one does. */
const TRIES = 2;

/** What was found against a device. */
export interface Finding {
  readonly accused: PeerId;
  readonly difference: number;
  readonly tolerance: number;
  readonly recomputedBy: readonly PeerId[];
  /** Runs in a row. */
  readonly times: number;
}

export type Verdict =
  /** The plan has changed meanwhile. */
  | { readonly kind: 'void' }
  /** Nobody could compute it again. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'right' }
  /** Right but for bits, which may happen once. */
  | { readonly kind: 'odd' }
  | { readonly kind: 'wrong'; readonly finding: Finding }
  /** The holder and the other disagree, and there is no third. */
  | { readonly kind: 'undecided'; readonly other: PeerId };

export interface InquiryOptions {
  readonly me: PeerId;
  readonly plan: PlanView;
  readonly pair: Pair;
  readonly judge: Judge;
  readonly recomputations: Pick<Recomputations, 'ask'>;
  readonly terms: (plan: PlanView, stage: number, peer: PeerId) => Promise<LoadStage>;
  /** Devices that could compute the stage again now. */
  readonly able: () => readonly PeerId[];
  readonly random32: () => number;
  /** The plan runs still. */
  readonly isCurrent: () => boolean;
  /** The run was off by bits: how many in a row that makes. */
  readonly odd: () => number;
}

/** One run, computed again by a device, and by a second one where the first comes to something else. */
export class Inquiry {
  readonly #options: InquiryOptions;

  constructor(options: InquiryOptions) {
    this.#options = options;
  }

  async verdict(): Promise<Verdict> {
    const { pair, judge, isCurrent, odd } = this.#options;
    const { holder } = pair;
    const able = this.#shuffled(this.#able(holder)).filter((peer) => judge.comparable(holder, peer));
    let one: Opinion | null = null;
    for (const peer of able.slice(0, TRIES)) {
      one ??= await this.#opinion(peer, [judge.alike(holder, peer) ? true : null]);
    }
    if (!one) return { kind: 'skipped' };
    const first = one.peer;
    const difference = judge.differenceFrom(one);
    if (!isCurrent() || difference === null) return { kind: 'void' };
    const right = judge.holds(difference, holder, first);
    const alike = judge.alike(holder, first);
    if (right && (difference.equal || !alike)) return { kind: 'right' };
    // The runtime may hold weights in two ways, of which a device's memory decides.
    const other = alike ? await this.#opinion(first, [false]) : { peer: first, made: [] };
    if (!other || !isCurrent()) return { kind: 'void' };
    const both = { peer: first, made: [...one.made, ...other.made] };
    if (right && judge.differenceFrom(both)?.equal) return { kind: 'right' };
    const times = odd();
    if (right && times < ODD_RUNS) return { kind: 'odd' };
    const bits = right;
    const second = this.#second(able, first, bits);
    const two = second === undefined ? null : await this.#opinion(second, alike ? [true, false] : [null]);
    if (!isCurrent()) return { kind: 'void' };
    return this.#between(both, two, bits, {
      difference: difference.relative,
      tolerance: bits ? 0 : judge.tolerance(holder, first),
      times: bits ? times : 1,
    });
  }

  /** Of the holder and the first to compute it again, who is wrong? `bits`: all that they differ in. */
  #between(
    one: Opinion,
    two: Opinion | null,
    bits: boolean,
    found: Omit<Finding, 'accused' | 'recomputedBy'>,
  ): Verdict {
    const { me, pair, judge } = this.#options;
    const { holder } = pair;
    const first = one.peer;
    const wrong = (accused: PeerId, recomputedBy: readonly PeerId[]): Verdict => ({
      kind: 'wrong',
      finding: { ...found, accused, recomputedBy },
    });
    const undecided = { kind: 'undecided', other: first } as const;
    // One against one: what this device finds for itself is what it goes by.
    if (!two) return first === me ? wrong(holder, [me]) : undecided;
    const apart = judge.differenceFrom(two);
    const holderAgrees = apart !== null && (bits ? apart.equal : judge.holds(apart, holder, two.peer));
    const firstAgrees = judge.agree(one, two, bits);
    if (firstAgrees && !holderAgrees) return wrong(holder, [first, two.peer]);
    if (holderAgrees && !firstAgrees && !bits) return wrong(first, [...new Set([two.peer, holder])]);
    return undecided;
  }

  /**
   * Wrong, or right but for bits again and again: somebody else is asked, this device rather than another, and rather
   * another than the holder anew, which only this device can be sure to do.
   */
  #second(able: readonly PeerId[], first: PeerId, bits: boolean): PeerId | undefined {
    const { me, pair, judge } = this.#options;
    const { holder } = pair;
    const others = able.filter((peer) => peer !== me);
    return (holder === me ? [...others, me] : [me, ...others]).find(
      (peer) =>
        peer !== first &&
        this.#able(first).includes(peer) &&
        (bits ? judge.alike(holder, peer) : judge.comparable(holder, peer)),
    );
  }

  /** What a device makes of the input in each of these ways; null where it does not answer. */
  async #opinion(peer: PeerId, ways: readonly (boolean | null)[]): Promise<Opinion | null> {
    const { plan, pair, terms, recomputations } = this.#options;
    const made = [];
    for (const way of ways) {
      const tensors = await recomputations.ask(peer, await terms(plan, pair.stage, peer), way, pair.input);
      if (!tensors) return null;
      made.push(tensors);
    }
    return { peer, made };
  }

  #able(without: PeerId): readonly PeerId[] {
    return this.#options.able().filter((peer) => peer !== without);
  }

  #shuffled(peers: readonly PeerId[]): readonly PeerId[] {
    const from = peers.length === 0 ? 0 : this.#options.random32() % peers.length;
    return [...peers.slice(from), ...peers.slice(0, from)];
  }
}
