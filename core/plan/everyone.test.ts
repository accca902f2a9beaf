import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OFTEN_ENOUGH, planEveryone } from './everyone.ts';
import { everyPlan } from './exhaustive.ts';
import { meshOf } from './mesh-room.ts';
import { roomOf } from './random-room.ts';
import type { Infeasible, PlanResult, PlanRoom } from './room.ts';
import { roomSearch } from './room-search.ts';

/** Sums in another order and prices that settle ties; nothing measurable. */
const ROUNDING = 1e-9;

function planOf(result: PlanResult | Infeasible): PlanResult {
  if ('infeasible' in result) throw new Error(result.infeasible);
  return result;
}

test('equals exhaustive search: the most devices, then a period close to the least, then the least latency', () => {
  let chains = 0;
  fc.assert(
    fc.property(roomOf({ devices: [1, 4], blocks: [1, 6], ours: true }), (room) => {
      const plans: { holders: number; latencyMs: number; periodMs: number }[] = [];
      everyPlan(room, ({ stages, latencyMs, periodMs }) => {
        plans.push({ holders: new Set(stages.map(({ device }) => device)).size, latencyMs, periodMs });
      });
      const most = Math.max(0, ...plans.map(({ holders }) => holders));
      const widest = plans.filter(({ holders }) => holders === most);
      const shortest = Math.min(...widest.map(({ periodMs }) => periodMs));
      const often = widest.filter(({ periodMs }) => periodMs <= shortest * OFTEN_ENOUGH * (1 + ROUNDING));
      const result = planEveryone(roomSearch(room));
      if ('infeasible' in result) {
        expect(plans).toEqual([]);
        return;
      }
      expect(new Set(result.stages.map(({ device }) => device)).size).toBe(most);
      const least = Math.min(...often.map(({ latencyMs }) => latencyMs));
      expect(Math.abs(result.latencyMs - least)).toBeLessThanOrEqual(least * ROUNDING);
      expect(result.optimal).toBe(true);
      if (most > 1) chains++;
    }),
    { seed: 20_240_601, numRuns: 500 },
  );
  expect(chains).toBeGreaterThan(150);
});

test('starts at home when nothing else is at stake', () => {
  const room = meshOf(3, 6, { home: 'd1', inputBytes: 0 });
  const same: PlanRoom = {
    ...room,
    blocks: room.blocks.map((block) => ({ ...block, outputBytes: 0 })),
    devices: room.devices.map((device) => ({ ...device, blockMs: room.blocks.map(() => 0.7) })),
    links: room.links.map((link) => ({ ...link, delayMs: 0 })),
  };
  const { stages } = planOf(planEveryone(roomSearch(same)));
  expect(stages.map(({ start, end }) => end - start)).toEqual([2, 2, 2]);
  expect(stages[0]?.device).toBe('d1');
});

test('uses all of more than ten devices, too', () => {
  const result = planOf(planEveryone(roomSearch(meshOf(16, 60))));
  expect(new Set(result.stages.map((stage) => stage.device)).size).toBe(16);
  expect(result.optimal).toBe(false);
  expect(result.lowerBoundMs).toBeLessThanOrEqual(result.latencyMs);
});
