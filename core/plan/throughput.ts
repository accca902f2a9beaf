import { alone } from './alone.ts';
import { estimate } from './estimate.ts';
import { undominated } from './front.ts';
import { groupClimb } from './group-climb.ts';
import { type Grouped, type GroupedCost, groupedStages } from './group-cost.ts';
import { groupedInOrder } from './group-order.ts';
import { whyNoPlan } from './infeasible.ts';
import { type Answer, leastLatency, leastPeriod, SAME, type Solution } from './least.ts';
import { likelyOrders } from './likely-orders.ts';
import { periodBound } from './rate-bound.ts';
import type { Infeasible, PlannedStage, PlanResult, PlanRoom } from './room.ts';
import type { RoomSearch } from './room-search.ts';

/** Plans that a climb may judge from one start: about 20 ms with ten devices; in haste fewer, from fewer starts. */
const STEPS = 4000;
const QUICK_STEPS = 600;
/** Rates this close are the same to a person, and to the error of measuring. */
const AS_MANY = 1.05;
/** Devices that a climb starts from alone: the fastest. */
const MOST_ALONE = 4;

/** Plans of a stream of independent items: chains, copies of the whole model, and chains with copies of stages. */
export interface Replicas {
  /** None has both less latency and less period. The first are as fast as anything found, the last as frequent. */
  readonly plans: readonly (Grouped & GroupedCost)[];
  /** No plan has a shorter period. */
  readonly lowerMs: number;
}

/**
 * The plan that gives the most items a second when many are asked for: the exact best chain, or copies of the whole
 * model, or a chain whose slowest stages have copies, whichever has the least period, then the least latency.
 * `optimal` where the period meets a bound that no such plan can beat; else as good as was found.
 */
export function planThroughput(known: RoomSearch): PlanResult | Infeasible {
  const chain = leastPeriod(known);
  const { plans, lowerMs } = replicas(known, chain);
  const best = plans.at(-1);
  const stages =
    best && (!chain.stages || isBetter(best, chain)) ? groupedStages(known.tables, best) : chain.stages;
  return resultOf(known, stages, lowerMs);
}

/**
 * Of the plans that give as many items a second as any, but for a few in a hundred, the one with the least latency. A
 * device that would add next to nothing stays out, where the items that it took would come late.
 */
export function planMost(known: RoomSearch): PlanResult | Infeasible {
  const chain = leastPeriod(known);
  const { plans, lowerMs } = replicas(known, chain);
  const leastMs = Math.min(chain.stages ? chain.periodMs : Infinity, plans.at(-1)?.periodMs ?? Infinity);
  const capMs = leastMs * AS_MANY;
  const copies = plans.find(({ periodMs }) => periodMs <= capMs);
  const quick = leastLatency(known, { capMs });
  const stages =
    copies && (!quick.stages || copies.latencyMs < quick.latencyMs * (1 - SAME))
      ? groupedStages(known.tables, copies)
      : quick.stages;
  return resultOf(known, stages, lowerMs);
}

function resultOf(
  { tables: { room } }: RoomSearch,
  stages: readonly PlannedStage[] | undefined,
  lowerMs: number,
): PlanResult | Infeasible {
  if (!stages) return { infeasible: whyNoPlan(room) };
  const { latencyMs, periodMs } = estimate(room, stages);
  const optimal = periodMs <= lowerMs * (1 + SAME);
  return { stages, latencyMs, periodMs, optimal, lowerBoundMs: optimal ? periodMs : lowerMs };
}

/** Searches from the best chain, from each way to give runs of an order the same blocks, and from devices alone. */
export function replicas(known: RoomSearch, chain: Answer): Replicas {
  const { tables, quick } = known;
  const { count, room } = tables;
  const start = chain.stages ? chain : withoutNeeds(known);
  // One device has no others to share with; and where no chain is possible, nothing is.
  if (count < 2 || !start.stages) return { plans: [], lowerMs: chain.lowerMs };
  let plans: (Grouped & GroupedCost)[] = [];
  const seen = (plan: Grouped & GroupedCost): void => {
    const { latencyMs, periodMs } = plan;
    if (plans.some((other) => other.latencyMs <= latencyMs && other.periodMs <= periodMs)) return;
    plans = [...plans.filter((other) => other.latencyMs < latencyMs || other.periodMs < periodMs), plan];
  };
  const climb = groupClimb(tables, known.needs, { copies: true, seen });
  const devices = Array.from({ length: count }, (_, device) => device);
  const orders = likelyOrders(tables, devices).slice(0, quick ? 2 : Infinity);
  const starts = [
    asGrouped(room, start.stages),
    ...(room.endsAtHome ? [homeAround(known)] : orders.map((order) => groupedInOrder(tables, order))),
    ...alone(room)
      .slice(0, quick ? 1 : MOST_ALONE)
      .map(({ device }) => asGrouped(room, [{ device, start: 0, end: tables.blocks }])),
  ];
  for (const plan of starts) if (plan) climb.from(plan, quick ? QUICK_STEPS : STEPS);
  const best = undominated(plans);
  const leastMs = Math.min(chain.stages ? chain.periodMs : Infinity, best.at(-1)?.periodMs ?? Infinity);
  return { plans: best, lowerMs: Math.min(periodBound(tables).boundMs, leastMs) };
}

/** More devices may have to take part than a chain has places for; copies take them in. */
function withoutNeeds(known: RoomSearch): Answer {
  return leastPeriod({ ...known, needs: [] });
}

function isBetter(plan: GroupedCost, chain: Solution): boolean {
  if (Math.abs(plan.periodMs - chain.periodMs) > SAME * chain.periodMs) return plan.periodMs < chain.periodMs;
  return plan.latencyMs < chain.latencyMs * (1 - SAME);
}

function asGrouped({ devices }: PlanRoom, stages: readonly PlannedStage[]): Grouped {
  const at = new Map(devices.map(({ id }, device) => [id, device]));
  return {
    groups: stages.map(({ device }) => [at.get(device) ?? -1]),
    ends: stages.map(({ end }) => end),
  };
}

/** Home keeps the first and the last block; all others that can share what is between. */
function homeAround({ tables }: RoomSearch): Grouped | undefined {
  const { count, blocks, homeDevice, latest } = tables;
  const others = Array.from({ length: count }, (_, device) => device).filter(
    (device) => device !== homeDevice && (latest[device]?.[1] ?? 0) >= blocks - 1,
  );
  if (others.length === 0 || blocks < 3) return undefined;
  return { groups: [[homeDevice], others, [homeDevice]], ends: [1, blocks - 1, blocks] };
}
