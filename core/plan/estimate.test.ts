import { expect, test } from 'vitest';
import { estimate, stageBytes } from './estimate.ts';
import type { PlanRoom } from './room.ts';

/** 125 bytes at 1 Mbit/s take 1 ms. */
const room: PlanRoom = {
  objective: 'latency',
  home: 'A',
  inputBytes: 125,
  blocks: [
    { weightBytes: 10, workspaceBytes: 5, outputBytes: 1250 },
    { weightBytes: 20, workspaceBytes: 7, outputBytes: 12_500 },
    { weightBytes: 30, workspaceBytes: 1, outputBytes: 250 },
  ],
  devices: [
    { id: 'A', memoryBytes: 100, blockMs: [1, 2, 3] },
    { id: 'B', memoryBytes: 100, blockMs: [10, 20, 30] },
    { id: 'C', memoryBytes: 100, blockMs: [4, 5, 6] },
  ],
  links: [
    { from: 'A', to: 'B', delayMs: 2, mbitPerSec: 1 },
    { from: 'B', to: 'A', delayMs: 7, mbitPerSec: 0.5 },
    { from: 'B', to: 'C', delayMs: 100, mbitPerSec: 10 },
    { from: 'C', to: 'A', delayMs: 0.5, mbitPerSec: 0 },
  ],
};

test('adds stage times and hops; one way of a link may differ from the other', () => {
  const plan = estimate(room, [
    { device: 'A', start: 0, end: 1 },
    { device: 'B', start: 1, end: 3 },
  ]);
  expect(plan).toEqual({
    latencyMs: 1 + (2 + 10) + 50 + (7 + 4),
    periodMs: 50,
    stageMs: [1, 50],
    hopMs: [0, 12, 11],
    shares: [[1], [1]],
  });
});

test('the period leaves delay out and counts the ways from and to home', () => {
  const plan = estimate({ ...room, inputBytes: 125_000 }, [{ device: 'B', start: 0, end: 3 }]);
  expect(plan.periodMs).toBe(1000);
  expect(plan.hopMs).toEqual([1002, 11]);
});

test('an entry serves both directions unless the other is given', () => {
  const plan = estimate({ ...room, home: 'B' }, [{ device: 'C', start: 0, end: 3 }]);
  expect(plan.hopMs).toEqual([100.1, 100.2]);
});

test('a missing pair, and a link without bandwidth, cannot talk', () => {
  expect(estimate(room, [{ device: 'C', start: 0, end: 3 }]).latencyMs).toBe(Infinity);
  expect(estimate({ ...room, links: [] }, [{ device: 'B', start: 0, end: 3 }]).latencyMs).toBe(Infinity);
  expect(estimate({ ...room, links: [] }, [{ device: 'A', start: 0, end: 3 }]).latencyMs).toBe(6);
});

test('a stage holds all its weights and the largest workspace', () => {
  expect(stageBytes(room, 0, 2)).toBe(37);
  expect(stageBytes(room, 2, 3)).toBe(31);
});
