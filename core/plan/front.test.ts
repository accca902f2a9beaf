import fc from 'fast-check';
import { expect, test } from 'vitest';
import { everyPlan } from './exhaustive.ts';
import { chainFront, undominated } from './front.ts';
import { meshOf } from './mesh-room.ts';
import { roomOf } from './random-room.ts';
import { roomSearch } from './room-search.ts';
import { trades } from './trades.ts';

const ROUNDING = 1e-8;

test('the front of chains is that of exhaustive search, point by point', () => {
  let long = 0;
  fc.assert(
    fc.property(roomOf({ devices: [3, 5], blocks: [5, 8], ours: true }), (room) => {
      const plans: { latencyMs: number; periodMs: number }[] = [];
      everyPlan(room, ({ latencyMs, periodMs }) => plans.push({ latencyMs, periodMs }));
      const expected = undominated(plans);
      const found = chainFront(roomSearch(room), 64);
      expect(found.length).toBe(expected.length);
      found.forEach(({ latencyMs, periodMs }, at) => {
        const point = expected[at] ?? { latencyMs: 0, periodMs: 0 };
        expect(Math.abs(latencyMs - point.latencyMs)).toBeLessThanOrEqual(latencyMs * ROUNDING);
        expect(Math.abs(periodMs - point.periodMs)).toBeLessThanOrEqual(periodMs * ROUNDING);
      });
      if (found.length > 2) long++;
    }),
    { seed: 41, numRuns: 250 },
  );
  console.info(long);
  expect(long).toBeGreaterThan(20);
}, 60_000);

test('trades are at most 24, from the fastest to the most frequent, each better than the one before in period', () => {
  const points = trades(meshOf(8, 40));
  expect(points.length).toBeGreaterThan(5);
  expect(points.length).toBeLessThanOrEqual(24);
  points.slice(1).forEach(({ latencyMs, periodMs }, at) => {
    expect(latencyMs).toBeGreaterThan(points[at]?.latencyMs ?? Infinity);
    expect(periodMs).toBeLessThan(points[at]?.periodMs ?? 0);
  });
});

test('copies go on where no chain does', () => {
  const room = meshOf(3, 5, { inputBytes: 1000 });
  const roomy = {
    ...room,
    devices: room.devices.map((device) => ({ ...device, memoryBytes: 1e9, blockMs: [2, 2, 2, 2, 2] })),
    links: room.links.map((link) => ({ ...link, mbitPerSec: 1000 })),
    blocks: room.blocks.map((block) => ({ ...block, outputBytes: 1000 })),
  };
  const chains = chainFront(roomSearch(roomy), 24);
  const most = trades(roomy).at(-1);
  expect(chains.at(-1)?.periodMs).toBe(4);
  expect(most?.periodMs).toBeCloseTo(10 / 3, 9);
  expect(most?.devices).toBe(3);
});
