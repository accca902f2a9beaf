import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allPlans } from './enumeration.ts';
import { estimate } from './estimate.ts';
import { alone, EVEN_ENOUGH, planEveryone, planLatency } from './optimise.ts';
import { roomOf, someRoom } from './random-room.ts';
import type { Infeasible, PlanResult, PlanRoom } from './room.ts';

const RUNS = { seed: 20_240_601, numRuns: 300 };
/** Sums in another order and prices that settle ties; nothing measurable. */
const ROUNDING = 1e-8;

function planOf(result: PlanResult | Infeasible): PlanResult {
  if ('infeasible' in result) throw new Error(result.infeasible);
  return result;
}

/** `count` devices in a full mesh, the first is home; speed and link numbers spread without randomness. */
function meshOf(count: number, layers: number, change: Partial<PlanRoom> = {}): PlanRoom {
  const ids = Array.from({ length: count }, (_, d) => `d${d}`);
  return {
    objective: 'latency',
    home: 'd0',
    inputBytes: 600_000,
    blocks: Array.from({ length: layers }, (_, b) => ({
      weightBytes: 1_000_000 + ((b * 7919) % 13) * 100_000,
      workspaceBytes: 100_000,
      outputBytes: 4000 + ((b * 104_729) % 17) * 20_000,
    })),
    devices: ids.map((id, d) => ({
      id,
      memoryBytes: 3_000_000 + layers * 250_000,
      blockMs: Array.from({ length: layers }, (_, b) => (1 + ((b * 31 + d * 17) % 11) / 4) * (1 + d / 2)),
    })),
    links: ids.flatMap((from, a) =>
      ids.slice(a + 1).map((to, b) => ({
        from,
        to,
        delayMs: 1 + ((a * 5 + b * 3) % 7),
        mbitPerSec: 20 + 30 * ((a + b) % 5),
      })),
    ),
    ...change,
  };
}

describe('planLatency', () => {
  test('equals full enumeration, and finds no plan exactly when there is none', () => {
    let infeasible = 0;
    let chains = 0;
    fc.assert(
      fc.property(someRoom, (room) => {
        const least = Math.min(...[...allPlans(room)].map((plan) => plan.latencyMs));
        const result = planLatency(room);
        if ('infeasible' in result) {
          infeasible++;
          expect(least).toBe(Infinity);
          return;
        }
        if (result.stages.length > 1) chains++;
        expect(result.latencyMs / least).toBeCloseTo(1, 8);
        expect(result.optimal).toBe(true);
        expect(result.lowerBoundMs).toBe(result.latencyMs);
      }),
      RUNS,
    );
    // The rooms are worth nothing if they are all easy.
    expect(infeasible).toBeGreaterThan(RUNS.numRuns / 20);
    expect(chains).toBeGreaterThan(RUNS.numRuns / 10);
  });

  test('gives a plan that the room allows, with the numbers of the estimate', () => {
    fc.assert(
      fc.property(someRoom, (room) => {
        const result = planLatency(room);
        if ('infeasible' in result) return;
        const asKeys = (stages: PlanResult['stages']): string => JSON.stringify(stages);
        expect([...allPlans(room)].map((plan) => asKeys(plan.stages))).toContain(asKeys(result.stages));
        const { latencyMs, periodMs } = estimate(room, result.stages);
        expect(result).toMatchObject({ latencyMs, periodMs });
      }),
      { ...RUNS, numRuns: 200 },
    );
  });

  test('prefers fewer stages, then home first, when the time is the same', () => {
    const free = { outputBytes: 0, weightBytes: 1, workspaceBytes: 0 };
    const twins: PlanRoom = {
      objective: 'latency',
      home: 'B',
      inputBytes: 0,
      blocks: [free, free, free],
      devices: ['A', 'B', 'C'].map((id) => ({ id, memoryBytes: 9, blockMs: [0.1, 0.2, 0.3] })),
      links: ['A', 'B', 'C'].flatMap((from) =>
        ['A', 'B', 'C'].map((to) => ({ from, to, delayMs: 0, mbitPerSec: 1 })),
      ),
    };
    expect(planOf(planLatency(twins)).stages).toEqual([{ device: 'B', start: 0, end: 3 }]);
    const small = { ...twins, devices: twins.devices.map((device) => ({ ...device, memoryBytes: 2 })) };
    const { stages } = planOf(planLatency(small));
    expect(stages).toHaveLength(2);
    expect(stages[0]?.device).toBe('B');
  });

  test('says which layer is too big, or that memory is short in all', () => {
    const room = meshOf(2, 4);
    const memory = (bytes: number): PlanRoom => ({
      ...room,
      devices: room.devices.map((device) => ({ ...device, memoryBytes: bytes })),
    });
    expect(planLatency(memory(1_200_000))).toEqual({
      infeasible: 'Layer 2 needs 1.3 MB, and the device with the most memory may use 1.2 MB.',
    });
    expect(planLatency(memory(2_400_000))).toEqual({
      infeasible:
        "The model's layers take 5.2 MB, and the devices may use 4.8 MB in all. Add a device or choose a smaller model.",
    });
    expect(planLatency({ ...room, devices: [] })).toEqual({
      infeasible: 'There is no device that may hold layers.',
    });
  });

  test('refuses a device without a time for each block', () => {
    const room = meshOf(2, 4);
    expect(() => planLatency({ ...room, blocks: room.blocks.slice(1) })).toThrow(RangeError);
  });

  test('above ten devices, the least latency lies between the bound and the plan', () => {
    let certified = 0;
    fc.assert(
      fc.property(roomOf({ devices: [11, 13], blocks: [2, 3] }), (room) => {
        const least = Math.min(...[...allPlans(room)].map((plan) => plan.latencyMs));
        const result = planLatency(room);
        if ('infeasible' in result) {
          expect(least).toBe(Infinity);
          return;
        }
        expect(result.latencyMs).toBeGreaterThanOrEqual(least * (1 - ROUNDING));
        expect(result.lowerBoundMs).toBeLessThanOrEqual(least * (1 + ROUNDING));
        expect(result.optimal).toBe(result.lowerBoundMs === result.latencyMs);
        if (result.optimal) certified++;
      }),
      { seed: 11, numRuns: 40 },
    );
    expect(certified).toBeGreaterThan(20);
  });

  test('a gap that the bound cannot close is told', () => {
    const room = meshOf(24, 48);
    const tight = {
      ...room,
      devices: room.devices.map((device) => ({ ...device, memoryBytes: 12_000_000 })),
    };
    const result = planOf(planLatency(tight));
    expect(result.optimal).toBe(false);
    expect(result.lowerBoundMs).toBeLessThan(result.latencyMs);
    expect(result.lowerBoundMs).toBeGreaterThan(result.latencyMs / 3);
  });

  test('devices that cannot help change nothing, however many they are', () => {
    const room = meshOf(24, 30);
    const ten = room.devices.slice(0, 10);
    const slow = room.devices.slice(10).map((d) => ({ ...d, blockMs: d.blockMs.map((ms) => ms * 1000) }));
    const { latencyMs } = planOf(planLatency({ ...room, devices: ten }));
    const result = planOf(planLatency({ ...room, devices: [...ten, ...slow] }));
    expect(result).toMatchObject({ latencyMs, optimal: true });
  });

  test('a model that only more than ten devices can hold is planned too', () => {
    const room = meshOf(14, 14);
    const tight = { ...room, devices: room.devices.map((device) => ({ ...device, memoryBytes: 2_300_000 })) };
    expect(planOf(planLatency(tight)).stages.length).toBeGreaterThan(10);
  });
});

describe('planEveryone', () => {
  test('equals enumeration: the most devices, then a stage time close to the least, then the least latency', () => {
    fc.assert(
      fc.property(
        someRoom.filter((room) => room.devices.length <= room.blocks.length),
        (room) => {
          const plans = [...allPlans(room)];
          const most = Math.max(0, ...plans.map((plan) => plan.stages.length));
          const widest = plans.filter((plan) => plan.stages.length === most);
          const largest = Math.min(...widest.map((plan) => plan.largestStageMs));
          const evenest = widest.filter(
            (plan) => plan.largestStageMs <= largest * EVEN_ENOUGH * (1 + ROUNDING),
          );
          const result = planEveryone(room);
          if ('infeasible' in result) {
            expect(plans).toEqual([]);
            return;
          }
          expect(result.stages).toHaveLength(most);
          const { stageMs } = estimate(room, result.stages);
          expect(Math.max(...stageMs)).toBeLessThanOrEqual(largest * EVEN_ENOUGH * (1 + ROUNDING));
          expect(result.latencyMs / Math.min(...evenest.map((plan) => plan.latencyMs))).toBeCloseTo(1, 7);
        },
      ),
      RUNS,
    );
  });

  test('leaves the slowest out when there are more devices than layers', () => {
    const held = planOf(planEveryone(meshOf(6, 4))).stages.map((stage) => stage.device);
    expect(held.toSorted()).toEqual(['d0', 'd1', 'd2', 'd3']);
  });

  test('starts at home when nothing else is at stake', () => {
    const room = meshOf(3, 6, { home: 'd1', inputBytes: 0 });
    const same = {
      ...room,
      blocks: room.blocks.map((block) => ({ ...block, outputBytes: 0 })),
      devices: room.devices.map((device) => ({ ...device, blockMs: room.blocks.map(() => 0.7) })),
      links: room.links.map((link) => ({ ...link, delayMs: 0 })),
    };
    const { stages } = planOf(planEveryone(same));
    expect(stages.map(({ start, end }) => end - start)).toEqual([2, 2, 2]);
    expect(stages[0]?.device).toBe('d1');
  });

  test('uses all of more than ten devices, too', () => {
    const room = meshOf(16, 60);
    const result = planOf(planEveryone(room));
    expect(new Set(result.stages.map((stage) => stage.device)).size).toBe(16);
    expect(result.optimal).toBe(false);
    expect(result.lowerBoundMs).toBeLessThanOrEqual(result.latencyMs);
  });
});

test('alone lists whoever can hold everything, with the way there and back, fastest first', () => {
  fc.assert(
    fc.property(someRoom, (room) => {
      const single = [...allPlans(room)]
        .filter((plan) => plan.stages.length === 1)
        .map((plan) => ({ device: plan.stages[0]?.device, latencyMs: plan.latencyMs }))
        .sort((a, b) => a.latencyMs - b.latencyMs);
      expect(alone(room)).toEqual(single);
    }),
    { ...RUNS, numRuns: 200 },
  );
});

test('solve times, printed', () => {
  const line = [
    [8, 64],
    [10, 64],
    [10, 96],
    [32, 96],
  ].map(([devices = 0, layers = 0]) => {
    const room = meshOf(devices, layers);
    const times = [planLatency, planEveryone].map((plan) => {
      const startedAt = performance.now();
      planOf(plan(room));
      return `${(performance.now() - startedAt).toFixed(0)} ms`;
    });
    return `${devices} devices x ${layers} blocks: latency ${times[0]}, everyone ${times[1]}`;
  });
  console.info(line.join('\n'));
});
