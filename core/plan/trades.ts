import { chainFront, undominated } from './front.ts';
import { leastPeriod } from './least.ts';
import { holders } from './modes.ts';
import type { FrontEntry } from './question.ts';
import type { PlanRoom } from './room.ts';
import { roomSearch } from './room-search.ts';
import { replicas } from './throughput.ts';

/** As many points as anybody can tell apart in a chart. */
const MOST_POINTS = 24;

/** All trades between latency and period that are worth showing: the exact front of chains, and copies beyond it. */
export function trades(room: PlanRoom): FrontEntry[] {
  const known = roomSearch(room);
  const copies = replicas(known, leastPeriod(known)).plans.map((plan) => ({
    latencyMs: plan.latencyMs,
    periodMs: plan.periodMs,
    devices: new Set(plan.groups.flat()).size,
  }));
  const chains = chainFront(known, MOST_POINTS, (latencyMs, periodMs) =>
    copies.some((plan) => plan.latencyMs <= latencyMs && plan.periodMs <= periodMs),
  ).map(({ stages, latencyMs, periodMs }) => ({ latencyMs, periodMs, devices: holders(stages) }));
  return thinned(undominated([...chains, ...copies]));
}

/** Both ends, and evenly between them. */
function thinned<T>(points: readonly T[]): T[] {
  const last = points.length - 1;
  const slot = (at: number): number => Math.round((at * (MOST_POINTS - 1)) / last);
  return points.filter((_, at) => points.length <= MOST_POINTS || at === 0 || slot(at) > slot(at - 1));
}
