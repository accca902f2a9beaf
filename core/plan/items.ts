import { type Answer, leastLatency, leastPeriod, SAME, type Solution, TIE } from './least.ts';
import { inPassing, type RoomSearch } from './room-search.ts';

/** Searches of a room that is too large for proofs: about a second in all, so more where a search takes less. */
const LARGE_WORK = 6_400_000;

/**
 * The least `latency + (items - 1) * period`, by walking the front from the least latency down. Whatever has a shorter
 * period than the plan before has no less latency, so its period must make up for that: the walk takes long steps
 * where a better sum is out of reach. `lowerMs` is a bound of the sum.
 */
export function leastForItems(known: RoomSearch, items: number): Answer {
  const waits = Math.max(0, items - 1);
  const costOf = ({ latencyMs, periodMs }: Solution): number => latencyMs + waits * periodMs;
  const fastest = leastLatency(known);
  if (!fastest.stages || waits === 0) return fastest;
  const often = leastPeriod(known);
  const leastPeriodMs = often.lowerMs;
  let best = often.stages ? better(known, often, fastest, costOf) : fastest;
  /** Of all plans that were not looked at. */
  let lower = Infinity;
  /** Plans with a period of at most `capMs` have at least this latency. */
  let latencyMs = fastest.lowerMs;
  let capMs = fastest.periodMs;
  const { count, blocks } = known.tables;
  for (let steps = known.large ? LARGE_WORK / (count * blocks ** 2) : Infinity; ; steps--) {
    // Above this period, plans are no better than the best.
    const worthMs = (costOf(best) - latencyMs) / waits;
    // With few steps left, plans between are passed over; they still have both latency and period at least.
    const stride = (leastPeriodMs / capMs) ** (1 / (1 + steps));
    const passedMs = Math.min(capMs * stride, worthMs);
    lower = Math.min(lower, latencyMs + waits * passedMs);
    const nextMs = Math.min(capMs * (1 - SAME), passedMs * (1 + SAME));
    if (!(nextMs < capMs && nextMs >= leastPeriodMs)) break;
    const below = (costOf(best) - waits * leastPeriodMs) * (1 + SAME);
    const answer = steps > 0 ? leastLatency(inPassing(known), { capMs: nextMs, below }) : undefined;
    if (!answer?.stages) {
      const restMs = answer ? Math.min(answer.lowerMs, below) : latencyMs;
      lower = Math.min(lower, restMs + waits * leastPeriodMs);
      break;
    }
    best = better(known, answer, best, costOf);
    latencyMs = Math.max(latencyMs, answer.lowerMs);
    capMs = answer.periodMs;
  }
  best = settled(known, best);
  const cost = costOf(best);
  const proven = lower >= cost * (1 - SAME);
  return { ...best, lowerMs: proven ? cost : lower, proven };
}

/** Ties: fewer stages. */
function better(
  known: RoomSearch,
  plan: Solution,
  best: Solution,
  costOf: (plan: Solution) => number,
): Solution {
  const gain = costOf(best) - costOf(plan);
  if (Math.abs(gain) > SAME * costOf(best)) return gain > 0 ? plan : best;
  const [one, other] = [settled(known, plan), settled(known, best)];
  return one.stages.length < other.stages.length ? one : other;
}

/** A plan that costs the same, with the fewest stages; of a large room, as it is. */
function settled(known: RoomSearch, plan: Solution): Solution {
  if (known.large) return plan;
  const below = plan.latencyMs * (1 + SAME);
  const answer = leastLatency(known, { capMs: plan.periodMs * (1 + TIE), ...(below > 0 && { below }) });
  return answer.stages && answer.latencyMs <= below ? answer : plan;
}
