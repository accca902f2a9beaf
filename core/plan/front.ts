import { leastLatency, leastPeriod, SAME, type Solution } from './least.ts';
import { inPassing, type RoomSearch } from './room-search.ts';

/** In a gap without points two searches find none; most gaps of a rich front have some. */
const SEARCHES_PER_POINT = 1.25;

/** Between two neighbours of the front: there may be more plans with a period in [loMs, from.periodMs). */
interface Gap {
  readonly from: Solution;
  readonly to: Solution;
  readonly loMs: number;
}

/**
 * The best trades between latency and period, from the least latency to the least period: (d) of the partition
 * problem. No chain has less of one and no more of the other. Where there are more than `limit`, the widest gaps are
 * filled first; gaps in which nothing can be of use, because `isBeaten` says so of all that may be there, are not.
 */
export function chainFront(
  known: RoomSearch,
  limit: number,
  isBeaten: (latencyMs: number, periodMs: number) => boolean = () => false,
): readonly Solution[] {
  const fastest = leastLatency(known);
  const often = leastPeriod(known);
  if (!fastest.stages || !often.stages) return [];
  const points = [fastest, often];
  const gaps: Gap[] = [{ from: fastest, to: often, loMs: often.periodMs }];
  const width = ({ from, to, loMs }: Gap): number =>
    (from.periodMs - loMs) / (fastest.periodMs - often.periodMs) +
    (to.latencyMs - from.latencyMs) / (often.latencyMs - fastest.latencyMs);
  for (let searches = SEARCHES_PER_POINT * limit; points.length < limit && searches > 0; ) {
    gaps.sort((a, b) => width(a) - width(b));
    const gap = gaps.pop();
    if (!gap) break;
    const { from, to, loMs } = gap;
    if (isBeaten(from.latencyMs, loMs)) continue;
    for (const capMs of [(loMs + from.periodMs) / 2, from.periodMs * (1 - SAME)]) {
      if (!(capMs > loMs * (1 + SAME))) continue;
      searches--;
      const found = leastLatency(inPassing(known), { capMs, below: to.latencyMs * (1 - SAME) });
      if (!found.stages) continue;
      points.push(found);
      // Between the new plan's period and the cap there is nothing better than the new plan.
      gaps.push({ from, to: found, loMs: capMs }, { ...gap, from: found });
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
