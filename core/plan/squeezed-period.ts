import { pricedBound } from './priced-bound.ts';
import { pricedWalk } from './priced-walk.ts';
import type { Terms } from './terms.ts';
import type { Walk } from './walk-search.ts';

/** Periods that are tried, each with so many rounds of prices: half a second with 32 devices and 200 blocks. */
const TRIES = 7;
const ROUNDS = 20;
const KEEP = 4;
/** A gap that is not worth another try. */
const NARROW = 1.02;
/** How far above zero a bound is aimed at, where prices start with a sum of one. */
const AIM = 0.05;
/** Without prices all walks cost nothing; above rounding, there is no plan. */
const ROUNDING = 1e-6;

export interface Squeeze {
  /** The walks that keep a period, at no cost. */
  readonly termsAt: (capMs: number) => Terms;
  readonly periodOf: (walk: Walk) => number;
  readonly needs: readonly number[];
  /** First prices of the devices, with sum 1. */
  readonly prices: Float64Array;
  readonly lowerMs: number;
  readonly upperMs: number;
}

export interface Squeezed {
  readonly lowerMs: number;
  /** Steps of a chain with a period below the upper end, if one was found; its value says nothing. */
  readonly walk: Walk | undefined;
}

/**
 * Narrows the least period of chains from both sides. A period is refuted where, at some prices of the devices, every
 * walk that keeps it costs more than all devices together cost once; else the same prices lead a search for a chain
 * that keeps it.
 */
export function squeezedPeriod({ termsAt, periodOf, needs, prices, lowerMs, upperMs }: Squeeze): Squeezed {
  let refuted = lowerMs;
  /** Below it no chain was found, and from `refuted` on it is not known whether there is one. */
  let failed = lowerMs;
  let open = upperMs;
  let walk: Walk | undefined;
  for (let left = TRIES; left > 0 && open > refuted * NARROW && open < Infinity; left--) {
    const finding = open > failed * NARROW;
    const capMs = ((finding ? failed : refuted) + (finding ? open : failed)) / 2;
    const terms = termsAt(capMs);
    const priced = pricedBound(terms, { target: AIM, needs, rounds: ROUNDS, start: prices });
    const isRefuted = (): boolean =>
      priced.bound > ROUNDING || pricedBound(terms, { target: 1, needs, rounds: ROUNDS }).bound > ROUNDING;
    if (isRefuted()) {
      refuted = capMs;
      failed = Math.max(failed, capMs);
      continue;
    }
    const found = finding ? pricedWalk(terms, priced.prices, KEEP, { below: ROUNDING, needs }) : undefined;
    if (found) {
      walk = found;
      open = Math.min(capMs, periodOf(found));
    } else failed = capMs;
  }
  return { lowerMs: refuted, walk };
}
