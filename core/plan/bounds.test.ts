import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { completionOf } from './completion.ts';
import { estimate } from './estimate.ts';
import { everyGrouped } from './every-grouped.ts';
import { everyPlan } from './exhaustive.ts';
import { allows } from './fits.ts';
import { type Grouped, groupCosts } from './group-cost.ts';
import { pricedBound } from './priced-bound.ts';
import { roomOf } from './random-room.ts';
import { periodBound } from './rate-bound.ts';
import type { PlanRoom } from './room.ts';
import { chainTerms, roomSearch } from './room-search.ts';
import { squeezedPeriod } from './squeezed-period.ts';
import { tablesOf } from './tables.ts';

const ROUNDING = 1e-9;
const rooms = roomOf({ devices: [2, 4], blocks: [3, 6], ours: true });

/** Chains that obey the rules; Infinity where there are none. */
function leastOf(room: PlanRoom): { latencyMs: number; periodMs: number } {
  let latencyMs = Infinity;
  let periodMs = Infinity;
  everyPlan(room, (plan) => {
    latencyMs = Math.min(latencyMs, plan.latencyMs);
    periodMs = Math.min(periodMs, plan.periodMs);
  });
  return { latencyMs, periodMs };
}

describe('no bound is above what exhaustive search finds, and none is empty talk', () => {
  /** Rooms whose ends are free: with kept ends a plan all at home is no walk of the graph. */
  const free = rooms.filter((room) => !room.endsAtHome);

  test('of the relaxed graph, and of prices, for the latency', () => {
    const seen = { plans: 0, relaxed: 0, priced: 0, raised: 0 };
    fc.assert(
      fc.property(free, (room) => {
        const known = roomSearch(room);
        const terms = chainTerms(known, 'latency', {});
        const relaxed = completionOf(terms).least;
        const least = leastOf(room).latencyMs;
        const target = Math.min(least, 4 * relaxed + 1);
        const priced = pricedBound(terms, { target, needs: known.needs, rounds: 40 }).bound;
        expect(relaxed).toBeLessThanOrEqual(least * (1 + ROUNDING));
        expect(priced).toBeLessThanOrEqual(least * (1 + ROUNDING));
        expect(priced).toBeGreaterThanOrEqual(relaxed * (1 - ROUNDING));
        if (least === Infinity) return;
        seen.plans++;
        if (relaxed >= least * 0.999) seen.relaxed++;
        if (priced >= least * 0.99) seen.priced++;
        if (priced > relaxed * 1.01) seen.raised++;
      }),
      { seed: 51, numRuns: 400 },
    );
    expect(seen.relaxed).toBeGreaterThan(seen.plans / 2);
    expect(seen.priced).toBeGreaterThan(seen.plans * 0.8);
    expect(seen.raised).toBeGreaterThan(10);
  });

  test('of refuted periods; and a chain that is found keeps its period', () => {
    const seen = { plans: 0, near: 0, found: 0 };
    fc.assert(
      fc.property(free, (room) => {
        const known = roomSearch(room);
        const { tables, needs } = known;
        const least = leastOf(room).periodMs;
        if (least === Infinity || least === 0) return;
        const costOf = groupCosts(tables);
        const grouped = (steps: readonly { device: number; end: number }[]): Grouped => ({
          groups: steps.map(({ device }) => [device]),
          ends: steps.map(({ end }) => end),
        });
        const { lowerMs, walk } = squeezedPeriod({
          termsAt: (capMs) => chainTerms(known, 'any', { capMs }),
          periodOf: ({ steps }) => costOf(grouped(steps)).periodMs,
          needs,
          prices: periodBound(tables).prices,
          lowerMs: 0,
          upperMs: 2 * least,
        });
        expect(lowerMs).toBeLessThanOrEqual(least * (1 + ROUNDING));
        seen.plans++;
        if (lowerMs > least * 0.8) seen.near++;
        if (!walk) return;
        seen.found++;
        const { periodMs } = costOf(grouped(walk.steps));
        expect(periodMs).toBeGreaterThanOrEqual(least * (1 - ROUNDING));
        expect(periodMs).toBeLessThanOrEqual(2 * least);
      }),
      { seed: 52, numRuns: 300 },
    );
    expect(seen.near).toBeGreaterThan(seen.plans / 2);
    expect(seen.found).toBeGreaterThan(seen.plans / 2);
  });

  test('of the linear relaxation, for the period of any plan with copies', () => {
    const seen = { plans: 0, near: 0 };
    fc.assert(
      fc.property(roomOf({ devices: [1, 4], blocks: [1, 4], ours: true }), (room) => {
        let leastMs = Infinity;
        for (const stages of everyGrouped(room)) {
          if (allows(room, stages)) leastMs = Math.min(leastMs, estimate(room, stages).periodMs);
        }
        const { boundMs, prices } = periodBound(tablesOf(room));
        expect(boundMs).toBeLessThanOrEqual(leastMs * (1 + ROUNDING));
        if (boundMs === Infinity) return;
        expect(prices.reduce((sum, price) => sum + price, 0)).toBeCloseTo(1, 9);
        if (leastMs === Infinity) return;
        seen.plans++;
        if (boundMs >= leastMs * 0.9) seen.near++;
      }),
      { seed: 53, numRuns: 500 },
    );
    expect(seen.near).toBeGreaterThan(seen.plans / 5);
  });
});
