import type { Found } from './exact-walk.ts';
import { groupClimb } from './group-climb.ts';
import { type Grouped, groupCosts } from './group-cost.ts';
import { periodBound } from './rate-bound.ts';
import { bestPlan, chainTerms, type RoomSearch } from './room-search.ts';
import { squeezedPeriod } from './squeezed-period.ts';
import type { Walk } from './walk-search.ts';

/** Chains that a climb may judge: about a tenth of a second with 32 devices. */
const STEPS = 8000;

/**
 * The least period of chains in a room too large for whole tables: first plans, climbs from them, and bounds that tell
 * how far anybody could go; whole tables where they are not much too large.
 */
export function climbedPeriod(known: RoomSearch): Found {
  const { tables, needs, mostCells } = known;
  const { count, blocks, room } = tables;
  const first = bestPlan({ ...known, mostCells: 0 }, { aim: 'period' });
  let walk = climbed(known, first.walk);
  const { boundMs, prices } = periodBound(tables);
  let lower = Math.max(first.lower, boundMs);
  if (!known.quick && walk && lower < walk.value) {
    const costOf = groupCosts(tables);
    const squeezed = squeezedPeriod({
      termsAt: (capMs) => chainTerms(known, 'any', { capMs }),
      periodOf: (other) => (room.endsAtHome ? Infinity : costOf(grouped(other)).periodMs),
      needs,
      prices,
      lowerMs: lower,
      upperMs: walk.value,
    });
    lower = squeezed.lowerMs;
    if (squeezed.walk && !room.endsAtHome) {
      const value = costOf(grouped(squeezed.walk)).periodMs;
      const other = climbed(known, { ...squeezed.walk, value });
      if (other && other.value < walk.value) walk = other;
    }
  }
  const upper = walk?.value ?? Infinity;
  if (lower >= upper) return { walk, lower: upper };
  if (2 ** count * count * (blocks + 1) > mostCells) return { walk, lower };
  const exact = bestPlan(known, { aim: 'period', below: upper });
  return { walk: exact.walk ?? walk, lower: Math.min(upper, Math.max(lower, exact.lower)) };
}

function climbed({ tables, needs }: RoomSearch, walk: Walk | undefined): Walk | undefined {
  if (!walk) return undefined;
  const best = groupClimb(tables, needs, { copies: false }).from(grouped(walk), STEPS);
  if (!best || best.periodMs >= walk.value) return walk;
  return {
    value: best.periodMs,
    steps: best.groups.map(([device = -1], at) => ({
      device,
      start: best.ends[at - 1] ?? 0,
      end: best.ends[at] ?? 0,
    })),
  };
}

function grouped({ steps }: Walk): Grouped {
  return { groups: steps.map(({ device }) => [device]), ends: steps.map(({ end }) => end) };
}
