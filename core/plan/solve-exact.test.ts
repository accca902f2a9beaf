import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CountedPlan, everyPlan } from './exhaustive.ts';
import { roomOf } from './random-room.ts';
import type { Infeasible, Objective, PlanResult, PlanRoom } from './room.ts';
import { solve } from './solve.ts';

/** Sums in another order, and prices that settle ties: nothing that could be measured. */
const ROUNDING = 1e-9;

/** Paces between those of whole numbers, so that none is missed or kept by rounding alone. */
const OBJECTIVES: readonly Objective[] = [
  'latency',
  'throughput',
  ...[1, 2, 3, 10, 100].map((items) => ({ items })),
  ...[4.5, 30.3, 90.7].map((everyMs) => ({ everyMs })),
];

function costOf(objective: Objective, { latencyMs, periodMs }: CountedPlan | PlanResult): number {
  if (objective === 'latency') return latencyMs;
  if (objective === 'throughput') return periodMs;
  if ('items' in objective) return latencyMs + (objective.items - 1) * periodMs;
  return periodMs <= objective.everyMs ? latencyMs : Infinity;
}

/** What exhaustive search says of one objective, beside what the planner says. */
class Trial {
  readonly objective: Objective;
  readonly result: PlanResult | Infeasible;
  least = Infinity;
  leastPeriodMs = Infinity;
  /** Of the plans that cost the least, within rounding. */
  fewestStages = Infinity;
  /** The planner's own plan, as exhaustive search counts it. */
  counted: Pick<CountedPlan, 'latencyMs' | 'periodMs'> | undefined;

  constructor(room: PlanRoom, objective: Objective) {
    this.objective = objective;
    this.result = solve({ ...room, objective });
  }

  see(plan: CountedPlan): void {
    const cost = costOf(this.objective, plan);
    this.leastPeriodMs = Math.min(this.leastPeriodMs, plan.periodMs);
    if (cost < this.least * (1 - ROUNDING)) this.fewestStages = Infinity;
    if (cost <= this.least * (1 + ROUNDING)) {
      this.fewestStages = Math.min(this.fewestStages, plan.stages.length);
      this.least = Math.min(this.least, cost);
    }
    if ('stages' in this.result && sameStages(this.result.stages, plan.stages)) {
      this.counted = { latencyMs: plan.latencyMs, periodMs: plan.periodMs };
    }
  }

  /** True when there is a plan. */
  check(): boolean {
    const { result, counted } = this;
    if ('infeasible' in result) {
      expect(this.leastPeriodMs).toBe(Infinity);
      return false;
    }
    // A plan that the room does not allow was never counted.
    expect(counted).toBeDefined();
    near(result.latencyMs, counted?.latencyMs);
    near(result.periodMs, counted?.periodMs);
    expect(result.optimal).toBe(true);
    expect(result.tooOften ?? false).toBe(this.least === Infinity);
    if (result.tooOften) {
      near(result.periodMs, this.leastPeriodMs);
      return true;
    }
    near(costOf(this.objective, result), this.least);
    near(result.lowerBoundMs, this.least);
    expect(result.stages.length).toBe(this.fewestStages);
    return true;
  }
}

function near(actual: number, expected: number = Number.NaN): void {
  if (!(Math.abs(actual - expected) <= ROUNDING * expected)) expect(actual).toBe(expected);
}

function sameStages(one: PlanResult['stages'], other: CountedPlan['stages']): boolean {
  return (
    one.length === other.length &&
    one.every((stage, at) => {
      const { device, end } = other[at] ?? { device: '', end: -1 };
      return stage.device === device && stage.end === end;
    })
  );
}

/** How often there was no plan, a single stage, a chain, a pace that nobody keeps. */
function tryRooms(rooms: fc.Arbitrary<PlanRoom>, seed: number, numRuns: number): Record<string, number> {
  const seen = { none: 0, alone: 0, chain: 0, tooOften: 0 };
  fc.assert(
    fc.property(rooms, (room) => {
      const trials = OBJECTIVES.map((objective) => new Trial(room, objective));
      everyPlan(room, (plan) => {
        for (const trial of trials) trial.see(plan);
      });
      for (const trial of trials) {
        const { result } = trial;
        if (!trial.check()) seen.none++;
        else if ('stages' in result && result.tooOften) seen.tooOften++;
        else if ('stages' in result && result.stages.length > 1) seen.chain++;
        else seen.alone++;
      }
    }),
    { seed, numRuns },
  );
  return seen;
}

/** A tenth of the trials at least of each kind: rooms are worth nothing if they are all easy. */
function expectVariety(seen: Record<string, number>): void {
  const all = Object.values(seen).reduce((total, count) => total + count, 0);
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(all / 20);
}

test('5,000 rooms of the file contract: the cost of exhaustive search, every objective, every time', () => {
  const seen = tryRooms(roomOf({ devices: [2, 5], blocks: [3, 9] }), 4_000, 5_000);
  console.info(seen);
  expectVariety(seen);
}, 120_000);

test('the same with times per item, packing, devices that must take part, ends that stay at home', () => {
  const seen = tryRooms(roomOf({ devices: [1, 4], blocks: [1, 7], ours: true }), 5_000, 2_000);
  console.info(seen);
  expectVariety(seen);
}, 120_000);
