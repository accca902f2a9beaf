import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../graph/seeded-random.ts';
import { planEveryone } from './everyone.ts';
import { everyPlan } from './exhaustive.ts';
import { meshOf } from './mesh-room.ts';
import { roomOf } from './random-room.ts';
import type { Infeasible, Objective, PlanResult, PlanRoom } from './room.ts';
import { roomSearch } from './room-search.ts';
import { solve } from './solve.ts';

/** Sums in another order and prices that settle ties; nothing measurable. */
const ROUNDING = 1e-9;

function planOf(result: PlanResult | Infeasible): PlanResult {
  if ('infeasible' in result) throw new Error(result.infeasible);
  return result;
}

const costs = {
  latency: { objective: 'latency', of: ({ latencyMs }) => latencyMs },
  throughput: { objective: 'throughput', of: ({ periodMs }) => periodMs },
  'ten items': { objective: { items: 10 }, of: ({ latencyMs, periodMs }) => latencyMs + 9 * periodMs },
} satisfies Record<
  string,
  { objective: Objective; of: (plan: { latencyMs: number; periodMs: number }) => number }
>;
type Aim = keyof typeof costs;
const AIMS = Object.keys(costs) as Aim[];

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
  expect(planOf(solve(twins)).stages).toEqual([{ device: 'B', start: 0, end: 3 }]);
  const small = { ...twins, devices: twins.devices.map((device) => ({ ...device, memoryBytes: 2 })) };
  const { stages } = planOf(solve(small));
  expect(stages).toHaveLength(2);
  expect(stages[0]?.device).toBe('B');
});

test('says which layer is too big, or that memory is short in all', () => {
  const room = meshOf(2, 4);
  const memory = (bytes: number): PlanRoom => ({
    ...room,
    devices: room.devices.map((device) => ({ ...device, memoryBytes: bytes })),
  });
  expect(solve(memory(1_200_000))).toEqual({
    infeasible: 'Layer 2 needs 1.3 MB, and the device with the most memory may use 1.2 MB.',
  });
  expect(solve(memory(2_400_000))).toEqual({
    infeasible:
      "The model's layers take 5.2 MB, and the devices may use 4.8 MB in all. Add a device or choose a smaller model.",
  });
  const apart = {
    ...memory(1e9),
    links: [],
    devices: memory(1e9).devices.map((d) => ({ ...d, required: true })),
  };
  expect(solve(apart)).toEqual({
    infeasible: expect.stringMatching(
      /that holds every layer and includes each device that must take part\.$/,
    ),
  });
  expect(solve({ ...room, devices: [] })).toEqual({
    infeasible: 'There is no device that may hold layers.',
  });
});

test('refuses a device without a time for each block', () => {
  const room = meshOf(2, 4);
  expect(() => solve({ ...room, blocks: room.blocks.slice(1) })).toThrow(RangeError);
});

describe('above ten devices', () => {
  test.each(AIMS)(
    'the least %s lies between the bound and the plan',
    (aim) => {
      const { objective, of } = costs[aim];
      let proven = 0;
      let best = 0;
      let plans = 0;
      fc.assert(
        fc.property(roomOf({ devices: [13, 15], blocks: [3, 4], ours: true }), (some) => {
          // All enumerable, yet more than whole tables are made of.
          const room = { ...some, devices: some.devices.map(({ required: _, ...device }) => device) };
          let least = Infinity;
          everyPlan(room, (plan) => {
            least = Math.min(least, of(plan));
          });
          const result = solve({ ...room, objective });
          if ('infeasible' in result) {
            expect(least).toBe(Infinity);
            return;
          }
          plans++;
          expect(of(result)).toBeGreaterThanOrEqual(least * (1 - ROUNDING));
          expect(result.lowerBoundMs).toBeLessThanOrEqual(least * (1 + ROUNDING));
          expect(result.optimal).toBe(result.lowerBoundMs >= of(result) * (1 - ROUNDING));
          if (result.optimal) proven++;
          if (of(result) <= least * (1 + ROUNDING)) best++;
        }),
        { seed: 11, numRuns: 25 },
      );
      expect(proven).toBeGreaterThan(plans / 3);
      expect(best).toBeGreaterThan(plans * 0.8);
    },
    60_000,
  );

  test('devices that cannot help change nothing, however many they are', () => {
    const room = meshOf(24, 30);
    const ten = room.devices.slice(0, 10);
    const slow = room.devices.slice(10).map((d) => ({ ...d, blockMs: d.blockMs.map((ms) => ms * 1000) }));
    const { latencyMs } = planOf(solve({ ...room, devices: ten }));
    const result = planOf(solve({ ...room, devices: [...ten, ...slow] }));
    expect(result.optimal).toBe(true);
    expect(result.latencyMs).toBeCloseTo(latencyMs, 6);
  });

  test('a model that only more than ten devices can hold is planned too', () => {
    const room = meshOf(14, 14);
    const tight = { ...room, devices: room.devices.map((device) => ({ ...device, memoryBytes: 2_300_000 })) };
    expect(planOf(solve(tight)).stages.length).toBeGreaterThan(10);
  });
});

function ampleRoom(count: number, layers: number): PlanRoom {
  const room = meshOf(count, layers, { inputBytes: 10_000 });
  return { ...room, devices: room.devices.map((device) => ({ ...device, memoryBytes: 1e9 })) };
}

/** Unlike devices, memory in all a quarter more than the model needs, links from poor to good; or all of one kind. */
function tightRoom(count: number, layers: number, kind: 'unlike' | 'equal'): PlanRoom {
  const next = seededRandom(count + layers);
  const spread = (least: number, most: number): number =>
    kind === 'equal' ? (least + most) / 2 : least + (most - least) * next();
  const room = meshOf(count, layers);
  const weights = room.blocks.reduce((sum, block) => sum + block.weightBytes, 0);
  return {
    ...room,
    devices: room.devices.map((device) => {
      const slow = spread(1, 6);
      return {
        ...device,
        memoryBytes: (weights * spread(0.9, 1.6)) / count + 2_000_000,
        blockMs: room.blocks.map((_, block) => (1 + (block % 5) / 4) * slow * spread(0.9, 1.1)),
      };
    }),
    links: room.links.map((link) => ({ ...link, delayMs: spread(1, 20), mbitPerSec: spread(5, 300) })),
  };
}

test('solve times, printed; large rooms with a gap that is not empty talk', () => {
  const lines: string[] = [];
  for (const [devices, layers] of [
    [4, 64],
    [8, 64],
    [10, 64],
    [32, 200],
  ] as const) {
    for (const [kind, room] of Object.entries({
      ample: ampleRoom(devices, layers),
      tight: tightRoom(devices, layers, 'unlike'),
      equal: tightRoom(devices, layers, 'equal'),
    })) {
      const parts = AIMS.map((aim) => {
        const { objective, of } = costs[aim];
        const startedAt = performance.now();
        const result = planOf(solve({ ...room, objective }));
        const ms = performance.now() - startedAt;
        const gap = of(result) / result.lowerBoundMs;
        expect(result.optimal || devices > 10).toBe(true);
        expect(gap).toBeLessThan(aim === 'ten items' ? 2 : 1.5);
        return `${aim} ${ms.toFixed(0)} ms${result.optimal ? '' : ` (gap ${gap.toFixed(3)})`}`;
      });
      const startedAt = performance.now();
      planOf(planEveryone(roomSearch(room)));
      parts.push(`everyone ${(performance.now() - startedAt).toFixed(0)} ms`);
      lines.push(`${devices} devices x ${layers} blocks, ${kind}: ${parts.join(', ')}`);
    }
  }
  console.info(lines.join('\n'));
}, 120_000);
