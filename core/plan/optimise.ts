import { type Costs, costsOf, withStageLimit } from './costs.ts';
import { estimate, stageBytes } from './estimate.ts';
import { whyNoPlan } from './infeasible.ts';
import { bestInOrder } from './order-table.ts';
import { likelyOrders, wholeMs } from './orders.ts';
import { latencyBounds } from './relaxed.ts';
import type { Infeasible, PlannedStage, PlanResult, PlanRoom } from './room.ts';
import { subsetTable } from './subset-table.ts';

/** The exact table doubles with each device: 10 devices and 96 blocks take 10 MB and about 0.1 s on a laptop. */
export const EXACT_DEVICES = 10;
/** Times closer than this, relatively, are equal: far above rounding, far below any measurement. */
const SAME = 1e-9;

/**
 * The plan with the least latency over all orders and subsets of devices. Exact up to {@link EXACT_DEVICES}
 * devices; above, exact for the most promising ones, and `lowerBoundMs` says how far any other plan could go.
 * Ties: fewer stages, then home first.
 */
export function planLatency(room: PlanRoom): PlanResult | Infeasible {
  const costs = costsOf(room);
  const bounds = latencyBounds(costs);
  const useful = usefulDevices(bounds);
  const table = subsetTable(costs, 'latency', useful.slice(0, EXACT_DEVICES));
  const exact = table.best(() => true);
  const left = useful.slice(EXACT_DEVICES);
  const others = left.length > 0 ? likelyOrders(costs, useful) : [];
  const plans = others.flatMap((order) => bestInOrder(costs, 'latency', order, false) ?? []);
  if (exact) plans.unshift({ value: exact.value, stages: table.stages(exact.set) });
  const best = plans.reduce(
    (a, b) => (b.value < a.value ? b : a),
    plans[0] ?? { value: Infinity, stages: [] },
  );
  if (best.value === Infinity) return { infeasible: whyNoPlan(room) };
  // A better plan than the exact one would have to use a device that was left, and none of those can beat its bound.
  return resultOf(room, best.stages, Math.min(exact?.value ?? Infinity, ...left.map((d) => bounds[d] ?? 0)));
}

/**
 * The plan in which as many devices as possible hold a stage (all of them, wherever the room allows that), with the
 * least largest stage time among those, then the least latency. Of more devices than blocks the slowest are
 * left out, and so is a device that no plan can use. Exact up to {@link EXACT_DEVICES} devices; above, the
 * best of a few orders, `optimal` is false, and `lowerBoundMs` is a bound for the latency of any plan.
 */
export function planEveryone(room: PlanRoom): PlanResult | Infeasible {
  const costs = costsOf(room);
  const bounds = latencyBounds(costs);
  const fastest = usefulDevices(bounds).sort((a, b) => wholeMs(costs, a) - wholeMs(costs, b));
  const devices = fastest.slice(0, costs.blocks);
  const exact = devices.length <= EXACT_DEVICES;
  const stages =
    (exact ? undefined : evenestInOrder(costs, devices)) ??
    evenestOfAnyOrder(costs, devices.slice(0, EXACT_DEVICES));
  if (!stages) return { infeasible: whyNoPlan(room) };
  if (exact) return resultOf(room, stages, Infinity);
  return { ...resultOf(room, stages, Math.min(...bounds)), optimal: false };
}

/** Each device that can hold the whole model, fastest first, with the latency as home sees it. */
export function alone(room: PlanRoom): { readonly device: string; readonly latencyMs: number }[] {
  const end = room.blocks.length;
  const needed = stageBytes(room, 0, end);
  return room.devices
    .filter((device) => needed <= device.memoryBytes)
    .map(({ id }) => ({
      device: id,
      latencyMs: estimate(room, [{ device: id, start: 0, end }]).latencyMs,
    }))
    .filter(({ latencyMs }) => latencyMs < Infinity)
    .sort((a, b) => a.latencyMs - b.latencyMs);
}

/** Devices that some plan might use, most promising first. */
function usefulDevices(bounds: readonly number[]): number[] {
  const promise = (device: number): number => bounds[device] ?? Infinity;
  return [...bounds.keys()].filter((d) => promise(d) < Infinity).sort((a, b) => promise(a) - promise(b));
}

function evenestOfAnyOrder(costs: Costs, devices: readonly number[]): readonly PlannedStage[] | undefined {
  const even = subsetTable(costs, 'largest-stage', devices);
  for (let size = devices.length; size > 0; size--) {
    const ofSize = (set: number): boolean => sizeOf(set) === size;
    const largest = even.best(ofSize);
    if (!largest) continue;
    const limited = withStageLimit(costs, largest.value * (1 + SAME));
    const table = subsetTable(limited, 'latency', devices);
    const best = table.best(ofSize);
    return best && table.stages(best.set);
  }
  return undefined;
}

function evenestInOrder(costs: Costs, devices: readonly number[]): readonly PlannedStage[] | undefined {
  const orders = likelyOrders(costs, devices);
  const values = orders.map((order) => bestInOrder(costs, 'largest-stage', order, true)?.value ?? Infinity);
  const limited = withStageLimit(costs, Math.min(...values) * (1 + SAME));
  const plans = orders.flatMap((order) => bestInOrder(limited, 'latency', order, true) ?? []);
  return plans.sort((a, b) => a.value - b.value)[0]?.stages;
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
