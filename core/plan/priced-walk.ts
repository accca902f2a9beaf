import { completionOf } from './completion.ts';
import { narrowSearch } from './narrow-search.ts';
import { withPrices } from './priced-bound.ts';
import type { Terms } from './terms.ts';
import type { Walk } from './walk-search.ts';

/**
 * A good plan, where {@link narrowSearch} alone would spend devices early that are wanted later: the same search with
 * the prices that the bound found for them. Its value is without the prices.
 */
export function pricedWalk(
  terms: Terms,
  prices: Float64Array,
  keep: number,
  { below, needs }: { readonly below: number; readonly needs: readonly number[] },
): Walk | undefined {
  const priced = withPrices(terms, prices);
  const all = prices.reduce((sum, price) => sum + price, 0);
  const walk = narrowSearch(priced, completionOf(priced), keep, { below: below + all, needs });
  if (!walk) return undefined;
  const value = walk.steps.reduce((cost, { device }) => cost - (prices[device] ?? 0), walk.value);
  return value < below ? { ...walk, value } : undefined;
}
