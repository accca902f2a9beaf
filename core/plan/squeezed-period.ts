import { pricedBound } from './priced-bound.ts';
import { pricedWalk } from './priced-walk.ts';
import type { Terms } from './terms.ts';
import type { Walk } from './walk-search.ts';

/** Halvings of the interval, each with so many rounds: a third of a second with 32 devices and 200 blocks. */
const HALVINGS = 5;
const ROUNDS = 20;
const KEEP = 4;
/** A gap that is not worth more. */
const NARROW = 1.01;

export interface Squeezed {
  readonly lowerMs: number;
  /** Steps of a chain that keeps a period below the upper end, if one was found; its value says nothing. */
  readonly walk: Walk | undefined;
}

/**
 * Narrows the least period of chains from both sides. A period is refuted where, at some prices of the devices, every
 * walk that keeps it costs more than all devices together cost once; else the same prices lead a search for a chain
 * that keeps it. `termsAt` gives the walks that keep a period, at no cost.
 */
export function squeezedPeriod(
  termsAt: (capMs: number) => Terms,
  periodOf: (walk: Walk) => number,
  needs: readonly number[],
  [lowerMs, upperMs]: readonly [number, number],
): Squeezed {
  let refuted = lowerMs;
  let open = upperMs;
  let best: Walk | undefined;
  for (let left = HALVINGS; left > 0 && open > refuted * NARROW && open < Infinity; left--) {
    const middle = (refuted + open) / 2;
    const terms = termsAt(middle);
    const { bound, prices } = pricedBound(terms, { target: 1, needs, rounds: ROUNDS });
    // Without prices all walks cost nothing. Above rounding, there is no plan.
    if (bound > 1e-6) {
      refuted = middle;
      continue;
    }
    const walk = pricedWalk(terms, prices, KEEP, { below: 1e-6, needs });
    if (walk) best = walk;
    open = walk ? Math.min(middle, periodOf(walk)) : middle;
  }
  return { lowerMs: refuted, walk: best };
}
