import { estimate } from './estimate.ts';
import { groupedStages } from './group-cost.ts';
import { leastLatency, leastPeriod, SAME } from './least.ts';
import type { Infeasible, PlanResult } from './room.ts';
import type { RoomSearch } from './room-search.ts';
import { planThroughput, replicas } from './throughput.ts';

/** A pace is kept where only rounding is above it. */
const ROUNDING = 1e-12;

/**
 * The least latency among the plans, with copies or without, that give an item every `everyMs`; where none does, the
 * least period. `optimal` where no plan at all has less latency, whatever its pace.
 */
export function planAtPace(known: RoomSearch, everyMs: number): PlanResult | Infeasible {
  const capMs = everyMs * (1 + ROUNDING);
  const chain = leastLatency(known, { capMs });
  const lowerMs = leastLatency(known).lowerMs;
  const isFastest = chain.stages && chain.latencyMs <= lowerMs * (1 + SAME);
  const grouped = isFastest ? [] : replicas(known, leastPeriod(known)).plans;
  const best = grouped.find(({ periodMs }) => periodMs <= capMs);
  const stages =
    best && (!chain.stages || best.latencyMs < chain.latencyMs * (1 - SAME))
      ? groupedStages(known.tables, best)
      : chain.stages;
  if (!stages) {
    const often = planThroughput(known);
    return 'infeasible' in often ? often : { ...often, tooOften: true };
  }
  const { latencyMs, periodMs } = estimate(known.tables.room, stages);
  const optimal = latencyMs <= lowerMs * (1 + SAME);
  return { stages, latencyMs, periodMs, optimal, lowerBoundMs: optimal ? latencyMs : lowerMs };
}
