import fc from 'fast-check';
import { expect, it } from 'vitest';
import { minimumCut, type Network } from './min-cut.ts';

/** Some sink can be reached from a source without passing one of `cut`. */
function connected({ feeds, sources, sinks }: Network, cut: ReadonlySet<number>): boolean {
  const reached = new Set(sources.filter((item) => !cut.has(item)));
  for (const item of reached) for (const next of feeds[item] ?? []) if (!cut.has(next)) reached.add(next);
  return sinks.some((item) => reached.has(item));
}

const price = ({ prices }: Network, items: Iterable<number>): number =>
  [...items].reduce((sum, item) => sum + (prices[item] ?? 0), 0);

it('is as cheap as the cheapest of all subsets', () => {
  const size = 8;
  const network = fc
    .record({
      prices: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: size, maxLength: size }),
      edges: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 16 }),
      sources: fc.uniqueArray(fc.nat(2), { minLength: 1 }),
      sinks: fc.uniqueArray(fc.integer({ min: 3, max: size - 1 }), { minLength: 1 }),
    })
    .map(({ prices, edges, sources, sinks }): Network => {
      const forward = edges
        .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
        .filter(([a, b]) => a !== b);
      const feeds = prices.map((_, item) => forward.filter(([from]) => from === item).map(([, to]) => to));
      return { prices, feeds, sources, sinks };
    });
  fc.assert(
    fc.property(network, (net) => {
      let best = Number.POSITIVE_INFINITY;
      for (let subset = 0; subset < 2 ** size; subset++) {
        const items = [...net.prices.keys()].filter((item) => (subset >> item) & 1);
        const chosen = new Set(items);
        if (!connected(net, chosen)) best = Math.min(best, price(net, chosen));
      }
      const cut = new Set(minimumCut(net)?.items);
      expect(connected(net, cut)).toBe(false);
      expect(price(net, cut)).toBe(best);
    }),
    { seed: 3, numRuns: 60 },
  );
});

it('lies nearest the sinks among equals', () => {
  const network = { prices: [1, 1, 1], feeds: [[1], [2], []], sources: [0], sinks: [2] };
  expect(minimumCut(network)?.items).toEqual([2]);
  expect(minimumCut(network, 1)).toBeNull();
});

it('refuses a path that cannot be cut', () => {
  const prices = [Number.POSITIVE_INFINITY];
  expect(() => minimumCut({ prices, feeds: [[]], sources: [0], sinks: [0] })).toThrow(RangeError);
});
