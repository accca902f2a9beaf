import { climbedPeriod } from './climbed-period.ts';
import { estimate } from './estimate.ts';
import type { PlannedStage } from './room.ts';
import { bestPlan, inPassing, type PlanQuery, type RoomSearch } from './room-search.ts';
import type { Tables } from './tables.ts';
import type { Walk } from './walk-search.ts';

/** Values closer than this, relatively, are equal: far above rounding, far below any measurement. */
export const SAME = 1e-9;
/** Price of a stage, relative to the value: settles ties in favour of fewer stages; above the rounding of sums. */
export const TIE = 1e-11;
/** Stands for {@link TIE} where the value is 0. */
const LEAST_PRICE = 1e-200;

/** A plan with its numbers by the file contract, and the certified bound of what was asked for. */
export interface Solution {
  readonly stages: readonly PlannedStage[];
  readonly latencyMs: number;
  readonly periodMs: number;
  /** No plan allowed has less (of the latency, or of the period). */
  readonly lowerMs: number;
  readonly proven: boolean;
}

/** What is asked for; `lowerMs` is a bound also where no plan was found: Infinity proves that there is none. */
export type Answer = Solution | { readonly stages: undefined; readonly lowerMs: number };

/** Which plans are allowed, besides those that the room forbids. */
export type Among = Pick<PlanQuery, 'capMs' | 'below' | 'needs' | 'holders'>;

/** The least latency of a plan. Ties: fewer stages, home first; in haste, whatever comes. */
export function leastLatency(known: RoomSearch, among: Among = {}): Answer {
  const rough = bestPlan(known, { ...among, aim: 'latency', priceMs: LEAST_PRICE });
  if (!rough.walk) return { stages: undefined, lowerMs: rough.lower };
  const { value } = rough.walk;
  const exact =
    value > 0 && !known.quick
      ? bestPlan(known.large ? inPassing(known) : known, {
          ...among,
          aim: 'latency',
          priceMs: TIE * value,
          below: value * (1 + SAME),
        })
      : rough;
  return solutionOf(known, exact.walk ?? rough.walk, rough.lower, ({ latencyMs }) => latencyMs);
}

/** The least period. Ties: fewer stages, then the least latency. */
export function leastPeriod(known: RoomSearch): Answer {
  const { walk, lower } = known.large ? climbedPeriod(known) : bestPlan(known, { aim: 'period' });
  if (!walk) return { stages: undefined, lowerMs: lower };
  const { walk: best } = bestPlan(inPassing(known), {
    aim: 'latency',
    capMs: walk.value * (1 + TIE),
    priceMs: aboveAnyLatency(known.tables, walk.value),
  });
  return solutionOf(known, best ?? walk, lower, ({ periodMs }) => periodMs);
}

/** More than any two plans of such a period can differ in latency. */
function aboveAnyLatency({ count, delayMs, byteMs, bytes }: Tables, periodMs: number): number {
  const delay = delayMs.reduce((most, ms) => (ms < Infinity ? Math.max(most, ms) : most), 0);
  const transfer = Math.max(...bytes) * Math.max(...byteMs);
  return 2 * (count + 3) * (2 * periodMs + delay + transfer) || 1;
}

/** Stages as the room names them. */
function stagesOf({ room }: Tables, walk: Walk): PlannedStage[] {
  return walk.steps.map(({ device, start, end }) => ({ device: room.devices[device]?.id ?? '', start, end }));
}

function solutionOf(
  { tables }: RoomSearch,
  walk: Walk,
  lower: number,
  aimOf: (plan: { latencyMs: number; periodMs: number }) => number,
): Solution {
  const stages = stagesOf(tables, walk);
  const { latencyMs, periodMs } = estimate(tables.room, stages);
  const value = aimOf({ latencyMs, periodMs });
  const proven = lower >= value * (1 - SAME);
  return { stages, latencyMs, periodMs, lowerMs: proven ? value : lower, proven };
}
