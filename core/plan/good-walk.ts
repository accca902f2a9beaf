import type { Completion } from './completion.ts';
import { likelyOrders, wholeMs } from './likely-orders.ts';
import { narrowSearch } from './narrow-search.ts';
import { orderedWalk } from './ordered-walk.ts';
import type { Tables } from './tables.ts';
import type { Terms } from './terms.ts';
import type { Walk } from './walk-search.ts';

/** Walks per cell that the narrow search keeps. */
const KEEP = 4;

export interface GuessOptions {
  readonly below: number;
  readonly needs: readonly number[];
  readonly holders: number | undefined;
  /** Try whole orders of devices too, where nothing exact will follow. */
  readonly thorough: boolean;
}

/** A good plan, fast: the best of a few heuristics; none although there may be one. */
export function goodWalk(
  tables: Tables,
  terms: Terms,
  completion: Completion,
  { below, needs, holders, thorough }: GuessOptions,
): Walk | undefined {
  const devices = Array.from({ length: terms.count }, (_, device) => device);
  const walks: (Walk | undefined)[] = [];
  if (holders === undefined) {
    walks.push(narrowSearch(terms, completion, KEEP, { below, needs }));
    if (thorough) {
      const needed = new Set(needs);
      for (const order of likelyOrders(tables, devices)) {
        walks.push(orderedWalk(terms, order, (device) => needed.has(device)));
      }
    }
  } else if (needs.length <= holders) {
    const bySpeed = devices.toSorted((a, b) => wholeMs(tables, a) - wholeMs(tables, b));
    const chosen = [...new Set([...needs, ...bySpeed])].slice(0, holders);
    for (const order of likelyOrders(tables, chosen)) walks.push(orderedWalk(terms, order, () => true));
  }
  return walks.reduce((best, walk) => (walk && walk.value < (best?.value ?? below) ? walk : best), undefined);
}
