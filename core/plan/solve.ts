import { whyNoPlan } from './infeasible.ts';
import { leastForItems } from './items.ts';
import { type Answer, leastLatency, leastPeriod } from './least.ts';
import type { Infeasible, PlanResult, PlanRoom } from './room.ts';
import { roomSearch } from './room-search.ts';

/** A bound on the period is kept where only rounding is above it. */
const ROUNDING = 1e-12;

/**
 * The best chain of a room by its own objective, over all orders and subsets of its devices; ties: fewer stages. Proven
 * (`optimal`) for up to ten devices; above, as good as was found, and `lowerBoundMs` says how far any other could go.
 * @throws RangeError when a device has not exactly one time, finite and at least 0, for each block.
 */
export function solve(room: PlanRoom): PlanResult | Infeasible {
  const known = roomSearch(room);
  const { objective } = room;
  if (objective === 'latency') return resultOf(room, leastLatency(known));
  if (objective === 'throughput') return resultOf(room, leastPeriod(known));
  if ('items' in objective) return resultOf(room, leastForItems(known, objective.items));
  const kept = leastLatency(known, { capMs: objective.everyMs * (1 + ROUNDING) });
  if (kept.stages) return resultOf(room, kept);
  const often = resultOf(room, leastPeriod(known));
  return 'infeasible' in often ? often : { ...often, tooOften: true };
}

export function resultOf(room: PlanRoom, answer: Answer): PlanResult | Infeasible {
  if (!answer.stages) return { infeasible: whyNoPlan(room) };
  const { stages, latencyMs, periodMs, lowerMs, proven } = answer;
  return { stages, latencyMs, periodMs, optimal: proven, lowerBoundMs: lowerMs };
}
