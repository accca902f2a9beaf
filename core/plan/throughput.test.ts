import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimate } from './estimate.ts';
import { everyGrouped } from './every-grouped.ts';
import { allows } from './fits.ts';
import { groupCosts, groupedStages } from './group-cost.ts';
import { meshOf } from './mesh-room.ts';
import { roomOf } from './random-room.ts';
import type { Infeasible, PlanResult, PlanRoom } from './room.ts';
import { roomSearch } from './room-search.ts';
import { solve } from './solve.ts';
import { tablesOf } from './tables.ts';
import { planMost, planThroughput } from './throughput.ts';

/** Sums in another order; nothing measurable. */
const ROUNDING = 1e-9;

function planOf(result: PlanResult | Infeasible): PlanResult {
  if ('infeasible' in result) throw new Error(result.infeasible);
  return result;
}

const smallRoom = roomOf({ devices: [1, 4], blocks: [1, 4], ours: true });

test('planMost leaves out a device that adds next to nothing, and loses next to nothing by it', () => {
  const room: PlanRoom = {
    objective: 'throughput',
    home: 'a',
    inputBytes: 0,
    blocks: Array.from({ length: 4 }, () => ({ weightBytes: 1, workspaceBytes: 0, outputBytes: 0 })),
    devices: [
      { id: 'a', memoryBytes: 9, blockMs: [10, 10, 10, 10] },
      { id: 'b', memoryBytes: 9, blockMs: [10, 10, 10, 10] },
      { id: 'slow', memoryBytes: 9, blockMs: [100, 100, 100, 100] },
    ],
    links: ['a', 'b', 'slow'].flatMap((from) =>
      ['a', 'b', 'slow'].map((to) => ({ from, to, delayMs: 1, mbitPerSec: 100 })),
    ),
  };
  const plan = planMost(roomSearch(room));
  if ('infeasible' in plan) throw new Error(plan.infeasible);
  expect(plan.periodMs).toBe(20);
  expect(new Set(plan.stages.flatMap(({ device, copies = [] }) => [device, ...copies]))).toEqual(
    new Set(['a', 'b']),
  );
  expect(plan.optimal).toBe(false);
  expect(plan.periodMs / plan.lowerBoundMs).toBeLessThan(1.06);
  const quicker = { ...room, devices: room.devices.map((d) => ({ ...d, blockMs: [10, 10, 10, 10] })) };
  const all = planMost(roomSearch(quicker));
  expect('infeasible' in all || all.periodMs).toBeCloseTo(40 / 3, 6);
});

describe('planThroughput', () => {
  test('against every plan with groups: never below the bound, nearly always the least period', () => {
    const seen = { none: 0, best: 0, near: 0, worse: 0, proven: 0, copies: 0 };
    fc.assert(
      fc.property(smallRoom, (room) => {
        let leastMs = Infinity;
        for (const stages of everyGrouped(room)) {
          if (allows(room, stages)) leastMs = Math.min(leastMs, estimate(room, stages).periodMs);
        }
        const result = planThroughput(roomSearch(room));
        if ('infeasible' in result) {
          expect(leastMs).toBe(Infinity);
          seen.none++;
          return;
        }
        expect(allows(room, result.stages)).toBe(true);
        expect(estimate(room, result.stages)).toMatchObject({
          latencyMs: result.latencyMs,
          periodMs: result.periodMs,
        });
        expect(result.periodMs).toBeGreaterThanOrEqual(leastMs * (1 - ROUNDING));
        expect(result.lowerBoundMs).toBeLessThanOrEqual(leastMs * (1 + ROUNDING));
        expect(result.optimal).toBe(result.periodMs <= result.lowerBoundMs * (1 + ROUNDING));
        const ratio = leastMs > 0 ? result.periodMs / leastMs : 1;
        if (ratio <= 1 + ROUNDING) seen.best++;
        else if (ratio <= 1.1) seen.near++;
        else seen.worse++;
        if (result.optimal) seen.proven++;
        if (result.stages.some(({ copies }) => copies)) seen.copies++;
      }),
      { seed: 31, numRuns: 600 },
    );
    console.info(seen);
    const plans = seen.best + seen.near + seen.worse;
    expect(seen.best / plans).toBeGreaterThan(0.97);
    expect(seen.worse / plans).toBeLessThan(0.01);
    expect(seen.copies).toBeGreaterThan(plans / 10);
    expect(seen.proven).toBeGreaterThan(plans / 20);
  }, 60_000);

  test('is never behind the best chain', () => {
    fc.assert(
      fc.property(roomOf({ devices: [2, 6], blocks: [3, 12], ours: true }), (room) => {
        const chain = solve({ ...room, objective: 'throughput' });
        const result = planThroughput(roomSearch(room));
        if ('infeasible' in chain || 'infeasible' in result) {
          expect('infeasible' in chain).toBe('infeasible' in result);
          return;
        }
        expect(result.periodMs).toBeLessThanOrEqual(chain.periodMs * (1 + ROUNDING));
        expect(allows(room, result.stages)).toBe(true);
      }),
      { seed: 32, numRuns: 150 },
    );
  }, 60_000);

  test('equal devices and a small model: a copy on each, proven', () => {
    const room = equal(4, 9);
    const { stages, periodMs, optimal } = planOf(planThroughput(roomSearch(room)));
    expect(stages).toEqual([{ device: 'd0', start: 0, end: 9, copies: ['d1', 'd2', 'd3'] }]);
    expect([periodMs, optimal]).toEqual([9 / 4, true]);
  });

  test('where none holds the whole, the slowest stage gets the devices that are left', () => {
    const room = equal(4, 4);
    const heavy = {
      ...room,
      blocks: room.blocks.map((block) => ({ ...block, weightBytes: 2 })),
      devices: room.devices.map((device) => ({ ...device, memoryBytes: 6, blockMs: [1, 1, 1, 6] })),
    };
    const { stages, periodMs } = planOf(planThroughput(roomSearch(heavy)));
    expect(stages.map(({ start, end, copies = [] }) => [start, end, 1 + copies.length])).toEqual([
      [0, 2, 1],
      [2, 4, 3],
    ]);
    expect(periodMs).toBeCloseTo(7 / 3, 9);
  });

  test('a slow link carries only its share of the items', () => {
    const room = equal(2, 1);
    const slow = {
      ...room,
      inputBytes: 12_500,
      links: room.links.map((link) => ({ ...link, mbitPerSec: 50 })),
    };
    // 2 ms for each input sent, and 1 ms of computing: 0.5 ms of each per item when every second one goes away.
    const copies = [{ device: 'd0', start: 0, end: 1, copies: ['d1'] }];
    expect(estimate(slow, copies).periodMs).toBe(1);
    expect(estimate(slow, copies).latencyMs).toBe(1 + 2 / 2);
  });
});

test('the quick costs of grouped plans are those of the estimate', () => {
  fc.assert(
    fc.property(smallRoom, (room) => {
      const costs = groupCosts(tablesOf(room));
      const at = new Map(room.devices.map(({ id }, device) => [id, device]));
      for (const stages of everyGrouped(room)) {
        if (!allows(room, stages)) continue;
        const groups = stages.map(({ device, copies = [] }) =>
          [device, ...copies].map((id) => at.get(id) ?? -1),
        );
        const plan = { groups, ends: stages.map(({ end }) => end) };
        const { latencyMs, periodMs } = estimate(room, stages);
        const quick = costs(plan);
        expect(Math.abs(quick.latencyMs - latencyMs)).toBeLessThanOrEqual(latencyMs * ROUNDING);
        expect(Math.abs(quick.periodMs - periodMs)).toBeLessThanOrEqual(periodMs * ROUNDING);
        expect(estimate(room, groupedStages(tablesOf(room), plan)).periodMs).toBeCloseTo(periodMs, 9);
      }
    }),
    { seed: 33, numRuns: 60 },
  );
}, 60_000);

test('large rooms stay within two seconds', () => {
  const lines = [
    [10, 64],
    [32, 200],
  ].map(([devices = 0, layers = 0]) => {
    const startedAt = performance.now();
    const { periodMs, lowerBoundMs } = planOf(planThroughput(roomSearch(meshOf(devices, layers))));
    const gap = periodMs / lowerBoundMs;
    return `${devices} devices x ${layers} blocks: ${(performance.now() - startedAt).toFixed(0)} ms, gap ${gap.toFixed(3)}`;
  });
  console.info(lines.join('\n'));
});

/** Devices of one kind, next to each other; a block takes 1 ms and 1 byte. */
function equal(devices: number, layers: number): PlanRoom {
  const ids = Array.from({ length: devices }, (_, d) => `d${d}`);
  return {
    objective: 'throughput',
    home: 'd0',
    inputBytes: 0,
    blocks: Array.from({ length: layers }, () => ({ weightBytes: 1, workspaceBytes: 0, outputBytes: 0 })),
    devices: ids.map((id) => ({ id, memoryBytes: 1e9, blockMs: Array<number>(layers).fill(1) })),
    links: ids.flatMap((from, a) =>
      ids.slice(a + 1).map((to) => ({ from, to, delayMs: 0, mbitPerSec: 100 })),
    ),
  };
}
