import { type Costs, costsOf, withStageLimit } from './costs.ts';
import { estimate } from './estimate.ts';
import { fits } from './fits.ts';
import { whyNoPlan } from './infeasible.ts';
import { bestInOrder, type OrderedPlan } from './order-table.ts';
import { likelyOrders, wholeMs } from './orders.ts';
import { latencyBounds, usefulDevices } from './relaxed.ts';
import type { Infeasible, PlannedStage, PlanResult, PlanRoom } from './room.ts';
import { subsetTable } from './subset-table.ts';

/** The exact table doubles with each device: 10 devices and 96 blocks take 10 MB and up to 0.2 s on a laptop. */
export const EXACT_DEVICES = 10;
/** Times closer than this, relatively, are equal: far above rounding, far below any measurement. */
const SAME = 1e-9;
/**
 * A split this close to the evenest is as even as measured times can tell (profiles of one device vary by more),
 * and may cross where far fewer bytes do.
 */
export const EVEN_ENOUGH = 1.1;

/**
 * The plan with the least latency over all orders and subsets of devices. Exact wherever at most
 * {@link EXACT_DEVICES} devices can be of use; above, exact for the most promising ones, and `lowerBoundMs` says
 * how far any other plan could go. Ties: fewer stages, then home first.
 */
export function planLatency(room: PlanRoom): PlanResult | Infeasible {
  const costs = costsOf(room);
  const bounds = latencyBounds(costs);
  const boundOf = (device: number): number => bounds[device] ?? Infinity;
  const guesses = likelyOrders(costs, usefulDevices(bounds)).flatMap(
    (order) => bestInOrder(costs, 'latency', order, false) ?? [],
  );
  const guess = least(guesses);
  // Whatever uses a device whose bound is above the guess is worse than the guess.
  const promising = usefulDevices(bounds).filter((d) => boundOf(d) <= guess.value * (1 + SAME));
  const table = subsetTable(costs, 'latency', promising.slice(0, EXACT_DEVICES));
  const exact = table.best(() => true);
  const best = exact && exact.value <= guess.value ? table.stages(exact.set) : guess.stages;
  if (best.length === 0) return { infeasible: whyNoPlan(room) };
  // A better plan than the exact one would have to use a device that is not in the table.
  const beyond = promising.slice(EXACT_DEVICES).map(boundOf);
  return resultOf(room, best, Math.min(exact?.value ?? Infinity, ...beyond));
}

/**
 * The plan in which as many devices as possible hold a stage (all of them, wherever the room allows that), with
 * a largest stage time within {@link EVEN_ENOUGH} of the least among those, and then the least latency. Of more
 * devices than blocks the slowest are left out, and so is a device that no plan can use. Exact up to
 * {@link EXACT_DEVICES} devices; above, the best of a few orders, `optimal` is false, and `lowerBoundMs` is a
 * bound for the latency of any plan.
 */
export function planEveryone(room: PlanRoom): PlanResult | Infeasible {
  const costs = costsOf(room);
  const bounds = latencyBounds(costs);
  const fastest = usefulDevices(bounds).sort((a, b) => wholeMs(costs, a) - wholeMs(costs, b));
  const devices = fastest.slice(0, costs.blocks);
  const guess = evenestInOrder(costs, devices);
  const exact = devices.length <= EXACT_DEVICES || !guess;
  const stages = exact ? evenestOfAnyOrder(costs, devices.slice(0, EXACT_DEVICES), guess) : guess.stages;
  if (!stages) return { infeasible: whyNoPlan(room) };
  return devices.length <= EXACT_DEVICES
    ? resultOf(room, stages, Infinity)
    : { ...resultOf(room, stages, Math.min(...bounds)), optimal: false };
}

/** Each device that can hold the whole model, fastest first, with the latency as home sees it. */
export function alone(room: PlanRoom): { readonly device: string; readonly latencyMs: number }[] {
  const end = room.blocks.length;
  return room.devices
    .filter((device) => fits(room, device, 0, end))
    .map(({ id }) => ({
      device: id,
      latencyMs: estimate(room, [{ device: id, start: 0, end }]).latencyMs,
    }))
    .filter(({ latencyMs }) => latencyMs < Infinity)
    .sort((a, b) => a.latencyMs - b.latencyMs);
}

/** `guess` is any plan that uses all devices, by its largest stage: no stage needs to be considered above that. */
function evenestOfAnyOrder(
  costs: Costs,
  devices: readonly number[],
  guess: OrderedPlan | undefined,
): readonly PlannedStage[] | undefined {
  const even = subsetTable(withStageLimit(costs, guess?.value ?? Infinity), 'largest-stage', devices);
  for (let size = devices.length; size > 0; size--) {
    const ofSize = (set: number): boolean => sizeOf(set) === size;
    const largest = even.best(ofSize);
    if (!largest) continue;
    const table = subsetTable(withStageLimit(costs, largest.value * EVEN_ENOUGH), 'latency', devices);
    const best = table.best(ofSize);
    return best && table.stages(best.set);
  }
  return undefined;
}

/** The best of a few orders of all devices; its value is the largest stage time. */
function evenestInOrder(costs: Costs, devices: readonly number[]): OrderedPlan | undefined {
  const orders = likelyOrders(costs, devices);
  const { value } = least(orders.flatMap((order) => bestInOrder(costs, 'largest-stage', order, true) ?? []));
  const limited = withStageLimit(costs, value * EVEN_ENOUGH);
  const { stages } = least(orders.flatMap((order) => bestInOrder(limited, 'latency', order, true) ?? []));
  return stages.length > 0 ? { value, stages } : undefined;
}

/** The first of the best; no stages and Infinity when there is none. */
function least(plans: readonly OrderedPlan[]): OrderedPlan {
  const none: OrderedPlan = { value: Infinity, stages: [] };
  return plans.reduce((a, b) => (b.value < a.value ? b : a), none);
}

function sizeOf(set: number): number {
  let size = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) size++;
  return size;
}

function resultOf(room: PlanRoom, stages: readonly PlannedStage[], bound: number): PlanResult {
  const { latencyMs, periodMs } = estimate(room, stages);
  const optimal = bound >= latencyMs * (1 - SAME);
  return { stages, latencyMs, periodMs, optimal, lowerBoundMs: optimal ? latencyMs : bound };
}
