import { type Completion, completionOf } from './completion.ts';
import type { Terms } from './terms.ts';

export interface Priced {
  /** No plan costs less. */
  readonly bound: number;
  /** Of a stage on each device, where the bound was best. */
  readonly prices: Float64Array;
}

export interface PricedOptions {
  /** A value that is known to be reached, or more than which does not matter: it sets how far prices move at once. */
  readonly target: number;
  /** Devices that must hold a stage: being left out makes them cheaper than free. */
  readonly needs: readonly number[];
  readonly rounds: number;
  /** The first prices; none, if left out. */
  readonly start?: Float64Array;
}

/** Rounds without a better bound after which prices move half as far. */
const PATIENCE = 5;

/**
 * A lower bound of all plans where terms are added: instead of holding each device to one stage, a stage on it has a
 * price, which is paid back once. Devices that come again in the best walk become dearer, round by round (Lagrangian
 * relaxation with subgradients, Held and Karp 1971). O(rounds (count blocks² + count² blocks)).
 */
export function pricedBound(terms: Terms, { target, needs, rounds, start }: PricedOptions): Priced {
  const { count } = terms;
  const prices = start?.slice() ?? new Float64Array(count);
  const uses = new Float64Array(count);
  const needed = new Set(needs);
  let best: Priced = { bound: -Infinity, prices };
  let reach = 1;
  let since = 0;
  for (let round = 0; round < rounds && best.bound < target; round++) {
    const completion = completionOf(terms, prices);
    const bound = completion.least - prices.reduce((sum, price) => sum + price, 0);
    if (bound === Infinity) return { bound, prices };
    if (bound > best.bound) {
      best = { bound, prices: prices.slice() };
      since = 0;
    } else if (++since >= PATIENCE) {
      reach /= 2;
      since = 0;
    }
    countUses(terms, completion, uses);
    let length = 0;
    uses.forEach((times, device) => {
      const moves = times > 1 || (times < 1 && ((prices[device] ?? 0) > 0 || needed.has(device)));
      if (moves) length += (times - 1) ** 2;
    });
    // Each device comes once, or is not wanted at any price: the walk is a plan, and the best.
    if (length === 0) break;
    const step = (reach * Math.max(target - bound, Math.abs(target) * 1e-4)) / length;
    uses.forEach((times, device) => {
      const price = (prices[device] ?? 0) + step * (times - 1);
      prices[device] = needed.has(device) ? price : Math.max(0, price);
    });
  }
  return best;
}

/** The same graph, where a stage costs its device's price besides. */
export function withPrices(terms: Terms, prices: Float64Array): Terms {
  const width = terms.blocks + 1;
  const costs = terms.costs.slice();
  terms.place.forEach((at, row) => {
    const price = prices[Math.floor(row / width)] ?? 0;
    const first = at + (row % width) + 1;
    for (let cost = first; cost <= at + (terms.last[row] ?? 0); cost++)
      costs[cost] = (costs[cost] ?? 0) + price;
  });
  return { ...terms, costs };
}

/** How often each device comes in the least walk. */
function countUses(
  { count, blocks, costs, place, last, hops, entry, exit }: Terms,
  { arrived, done }: Completion,
  uses: Float64Array,
): void {
  const width = blocks + 1;
  uses.fill(0);
  let at = -1;
  let least = Infinity;
  entry.forEach((into, place) => {
    const total = into + (arrived[place] ?? Infinity);
    if (total < least) {
      least = total;
      at = place;
    }
  });
  while (at >= 0) {
    const device = Math.floor(at / width);
    const start = at % width;
    uses[device] = (uses[device] ?? 0) + 1;
    let end = start;
    let stageLeast = Infinity;
    for (let to = start + 1; to <= (last[at] ?? 0); to++) {
      const stage = costs[(place[at] ?? 0) + to] ?? Infinity;
      const total = stage + (done[device * width + to] ?? Infinity);
      if (total >= stageLeast) continue;
      stageLeast = total;
      end = to;
    }
    at = -1;
    let onward = exit[device * width + end] ?? Infinity;
    for (let to = 0; to < count; to++) {
      const hop = hops[(end * count + device) * count + to] ?? Infinity;
      const total = hop + (arrived[to * width + end] ?? Infinity);
      if (total >= onward) continue;
      onward = total;
      at = to * width + end;
    }
  }
}
