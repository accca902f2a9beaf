import { leastLatency, leastPeriod, SAME, type Solution } from './least.ts';
import type { RoomSearch } from './room-search.ts';

/** As many points as anybody can tell apart in a chart. */
const MOST_POINTS = 24;

/** Between two neighbours of the front: there may be more plans with a period in [loMs, from.periodMs). */
interface Gap {
  readonly from: Solution;
  readonly to: Solution;
  readonly loMs: number;
}

/**
 * The best trades between latency and period, from the least latency to the least period: (d) of the partition
 * problem. No plan has less of one and no more of the other. Where there are more than `limit`, the widest gaps are
 * filled first.
 */
export function chainFront(known: RoomSearch, limit: number = MOST_POINTS): readonly Solution[] {
  const fastest = leastLatency(known);
  const often = leastPeriod(known);
  if (!fastest.stages || !often.stages) return [];
  const points = [fastest, often];
  const gaps: Gap[] = [{ from: fastest, to: often, loMs: often.periodMs }];
  const width = ({ from, to, loMs }: Gap): number =>
    (from.periodMs - loMs) / (fastest.periodMs - often.periodMs) +
    (to.latencyMs - from.latencyMs) / (often.latencyMs - fastest.latencyMs);
  while (points.length < limit) {
    gaps.sort((a, b) => width(a) - width(b));
    const gap = gaps.pop();
    if (!gap) break;
    for (const capMs of [(gap.loMs + gap.from.periodMs) / 2, gap.from.periodMs * (1 - SAME)]) {
      if (!(capMs > gap.loMs * (1 + SAME))) continue;
      const found = leastLatency(known, { capMs });
      if (!found.stages || found.periodMs <= gap.loMs * (1 + SAME)) continue;
      points.push(found);
      // Between the new plan's period and the cap there is nothing better than the new plan.
      gaps.push({ from: gap.from, to: found, loMs: capMs }, { ...gap, from: found });
      break;
    }
  }
  return undominated(points);
}

/** Latency rises, period falls. */
export function undominated<T extends { readonly latencyMs: number; readonly periodMs: number }>(
  plans: readonly T[],
): T[] {
  let least = Infinity;
  return plans
    .toSorted((a, b) => a.latencyMs - b.latencyMs || a.periodMs - b.periodMs)
    .filter(({ periodMs }) => {
      const better = periodMs < least * (1 - SAME);
      if (better) least = periodMs;
      return better;
    });
}
