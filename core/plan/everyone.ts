import { leastLatency } from './least.ts';
import type { Infeasible, PlanResult } from './room.ts';
import { bestPlan, type RoomSearch } from './room-search.ts';
import { resultOf } from './solve.ts';

/**
 * A split this close to the evenest is as even as measured times can tell (profiles of one device vary by more),
 * and may cross where far fewer bytes do.
 */
export const EVEN_ENOUGH = 1.1;

/**
 * The plan in which as many devices as possible hold a stage, with a longest stage within {@link EVEN_ENOUGH} of the
 * least among those, and then the least latency. Exact up to ten devices; above, the best of a few orders, `optimal`
 * is false, and `lowerBoundMs` is a bound for the latency of any plan.
 */
export function planEveryone(known: RoomSearch): PlanResult | Infeasible {
  const { room } = known.tables;
  for (let holders = Math.min(room.devices.length, room.blocks.length); holders > 0; holders--) {
    const { walk } = bestPlan(known, { aim: 'stage', holders });
    if (!walk) continue;
    const answer = leastLatency(known, { holders, stageCapMs: walk.value * EVEN_ENOUGH });
    const result = resultOf(room, answer);
    return known.large && !('infeasible' in result) ? { ...result, optimal: false } : result;
  }
  return resultOf(room, leastLatency(known));
}
