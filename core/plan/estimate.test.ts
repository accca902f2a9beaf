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

test('a group shares items by speed: rates add up, times are means over the items', () => {
  const plan = estimate(room, [
    { device: 'A', start: 0, end: 1 },
    { device: 'B', start: 1, end: 3, copies: ['C'] },
  ]);
  // B takes 50 ms and C 11 ms: together 1 / (1/50 + 1/11) = 550/61; C cannot send to home.
  expect(plan.shares[1]?.map((share) => share.toFixed(6))).toEqual([
    (11 / 61).toFixed(6),
    (50 / 61).toFixed(6),
  ]);
  expect(plan.stageMs[1]).toBeCloseTo((11 * 50 + 50 * 11) / 61, 9);
  expect(plan.latencyMs).toBe(Infinity);
  const linked = { ...room, links: [...room.links, { from: 'C', to: 'A', delayMs: 1, mbitPerSec: 1 }] };
  const whole = estimate({ ...linked, links: linked.links.map((link) => ({ ...link, delayMs: 1 })) }, [
    { device: 'A', start: 0, end: 1 },
    { device: 'B', start: 1, end: 3, copies: ['C'] },
  ]);
  // From A: 10 ms a transfer to either. Back: 4 ms from B, 2 ms from C.
  expect(whole.hopMs[1]).toBeCloseTo(1 + 10, 9);
  expect(whole.hopMs[2]).toBeCloseTo(1 + (11 * 4 + 50 * 2) / 61, 9);
  expect(whole.periodMs).toBeCloseTo(550 / 61, 9);
});

test('packing keeps a device busy and delays nobody; home packs input and result of others, too', () => {
  const packing = {
    ...room,
    links: [...room.links, { from: 'C', to: 'A', delayMs: 1, mbitPerSec: 10 }],
    devices: room.devices.map((device) => ({ ...device, packMsPerByte: 0.01, perItemMs: 2 })),
  };
  const first = estimate(packing, [
    { device: 'A', start: 0, end: 1 },
    { device: 'B', start: 1, end: 3 },
  ]);
  // A: 1 + 2, sends 1250 and receives 250. B: 50 + 2, receives 1250 and sends 250.
  expect(first.stageMs).toEqual([3, 52]);
  expect(first.periodMs).toBe(52 + 15);
  const middle = estimate(packing, [
    { device: 'B', start: 0, end: 1 },
    { device: 'A', start: 1, end: 2 },
    { device: 'C', start: 2, end: 3 },
  ]);
  // A: 2 + 2, receives 1250, sends 12,500; and sends the input, 125, and receives the result, 250.
  expect(middle.periodMs).toBeCloseTo(4 + 0.01 * (1250 + 12_500 + 125 + 250), 9);
});

test('home takes fewer items of its group when sending the others away keeps it busy', () => {
  const devices = ['A', 'B'].map((id) => ({ id, memoryBytes: 100, blockMs: [2, 2, 2], packMsPerByte: 0.01 }));
  const { shares, periodMs } = estimate({ ...room, devices }, [
    { device: 'A', start: 0, end: 3, copies: ['B'] },
  ]);
  // B is busy 6 + 3.75 with an item, A with one of its own 6, and 3.75 with one of B's: 3.75 + 2.25 a = 9.75 (1 - a).
  expect(shares[0]?.[0]).toBeCloseTo(0.5, 9);
  expect(periodMs).toBeCloseTo(9.75 / 2, 9);
});

test('a device that holds head and tail is busy with both', () => {
  const ends = estimate({ ...room, endsAtHome: true }, [
    { device: 'A', start: 0, end: 1 },
    { device: 'B', start: 1, end: 2 },
    { device: 'A', start: 2, end: 3 },
  ]);
  expect(ends.stageMs).toEqual([1, 20, 3]);
  expect(ends.periodMs).toBe(200);
  expect(estimate({ ...room, endsAtHome: true }, [{ device: 'A', start: 0, end: 3 }]).periodMs).toBe(6);
});
