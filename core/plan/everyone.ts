import { leastLatency } from './least.ts';
import type { Infeasible, PlanResult } from './room.ts';
import { bestPlan, type RoomSearch } from './room-search.ts';
import { resultOf } from './solve.ts';

/** Periods this close are the same as far as measured times can tell; then the sooner answer is the better one. */
export const OFTEN_ENOUGH = 1.1;

/**
 * The plan in which as many devices as possible hold a stage, with a period within {@link OFTEN_ENOUGH} of the least
 * among those, and then the least latency. Exact up to ten devices; above, the best of a few orders, `optimal`
 * is false, and `lowerBoundMs` is a bound for the latency of any plan.
 */
export function planEveryone(known: RoomSearch): PlanResult | Infeasible {
  const { room } = known.tables;
  for (let holders = Math.min(room.devices.length, room.blocks.length); holders > 0; holders--) {
    const { walk } = bestPlan(known, { aim: 'period', holders });
    if (!walk) continue;
    const answer = leastLatency(known, { holders, capMs: walk.value * OFTEN_ENOUGH });
    const result = resultOf(room, answer);
    return known.large && !('infeasible' in result) ? { ...result, optimal: false } : result;
  }
  return resultOf(room, leastLatency(known));
}
