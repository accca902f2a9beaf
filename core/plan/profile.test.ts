import { expect, test } from 'vitest';
import { alone } from './alone.ts';
import { planEveryone } from './everyone.ts';
import { type RoomMeasurements, roomFrom } from './profile.ts';
import { roomSearch } from './room-search.ts';
import { solve } from './solve.ts';

const measured: RoomMeasurements = {
  home: 'laptop',
  model: {
    blockMs: [1, 2],
    boundaryBytes: [100, 200, 40],
    blockWeightBytes: [7, 8],
    blockWorkspaceBytes: [300, 240],
    blockTensorBytes: [5, 6],
  },
  modelBenchMs: 20,
  devices: [
    { id: 'laptop', benchMs: 20, memoryBytes: 1e9 },
    { id: 'phone', benchMs: 60, memoryBytes: 1e8 },
    { id: 'tablet', benchMs: 10, memoryBytes: 2e8 },
  ],
  links: [
    { from: 'laptop', to: 'phone', rttMs: 8, mbitPerSec: 50 },
    { from: 'phone', to: 'laptop', rttMs: 10, mbitPerSec: 40 },
    { from: 'tablet', to: 'phone', rttMs: 4, mbitPerSec: 90 },
    { from: 'tablet', to: 'a device that left', rttMs: 4, mbitPerSec: 90 },
  ],
};

test('block times scale by the ratio of the benches', () => {
  expect(roomFrom(measured).devices).toEqual([
    { id: 'laptop', memoryBytes: 1e9, blockMs: [1, 2] },
    { id: 'phone', memoryBytes: 1e8, blockMs: [3, 6] },
    { id: 'tablet', memoryBytes: 2e8, blockMs: [0.5, 1] },
  ]);
});

test('boundaries become the input and what each block puts out', () => {
  expect(roomFrom(measured)).toMatchObject({
    home: 'laptop',
    inputBytes: 100,
    blocks: [
      { weightBytes: 7, workspaceBytes: 300, outputBytes: 200 },
      { weightBytes: 8, workspaceBytes: 240, outputBytes: 40 },
    ],
  });
});

test('delay is half the round trip, both directions as measured, an unmeasured pair as through the relay', () => {
  expect(roomFrom(measured).links).toEqual([
    { from: 'laptop', to: 'phone', delayMs: 4, mbitPerSec: 50 },
    { from: 'phone', to: 'laptop', delayMs: 5, mbitPerSec: 40 },
    { from: 'laptop', to: 'tablet', delayMs: 30, mbitPerSec: 10 },
    { from: 'tablet', to: 'phone', delayMs: 2, mbitPerSec: 90 },
  ]);
});

test('a measured delay counts before half the round trip', () => {
  const { links } = roomFrom({
    ...measured,
    devices: measured.devices.slice(0, 2),
    links: [{ from: 'laptop', to: 'phone', rttMs: 8, delayMs: 7, mbitPerSec: 50 }],
  });
  expect(links).toEqual([{ from: 'laptop', to: 'phone', delayMs: 7, mbitPerSec: 50 }]);
});

test('a useless measurement counts as none, and the newest report of a pair counts', () => {
  const { links } = roomFrom({
    ...measured,
    devices: measured.devices.slice(0, 2),
    links: [
      { from: 'laptop', to: 'phone', rttMs: 8, mbitPerSec: 50 },
      { from: 'laptop', to: 'phone', rttMs: 8, mbitPerSec: 0 },
    ],
  });
  expect(links).toEqual([{ from: 'laptop', to: 'phone', delayMs: 30, mbitPerSec: 10 }]);
});

test('a home that may hold nothing is still an end of links', () => {
  const { links } = roomFrom({ ...measured, devices: measured.devices.slice(1, 2), links: [] });
  expect(links).toEqual([{ from: 'laptop', to: 'phone', delayMs: 30, mbitPerSec: 10 }]);
});

test.each([0, 1e308])('whatever bench a device claims (%d ms), a plan is found', (benchMs) => {
  const [laptop, phone] = measured.devices;
  if (!laptop || !phone) throw new Error('two devices are above');
  const room = roomFrom({ ...measured, devices: [laptop, { ...phone, benchMs }] });
  expect(planEveryone(roomSearch(room))).toMatchObject({ stages: [{ end: 1 }, { start: 1 }] });
});

test('a block with a larger weight than a GPU takes is never put on that device', () => {
  const [laptop, phone] = measured.devices;
  if (!laptop || !phone) throw new Error('two devices are above');
  const fastPhone = { ...phone, benchMs: 1, largestTensorBytes: 5 };
  const room = roomFrom({ ...measured, devices: [laptop, fastPhone] });
  for (const plan of [planEveryone(roomSearch(room)), solve(room)]) {
    if ('infeasible' in plan) throw new Error(plan.infeasible);
    expect(plan.stages.find(({ start, end }) => start <= 1 && 1 < end)?.device).toBe('laptop');
  }
  expect(alone(room).map(({ device }) => device)).toEqual(['laptop']);
  expect(solve(roomFrom({ ...measured, devices: [fastPhone] }))).toEqual({
    infeasible: expect.stringMatching(/Layer 2 has a weight of/),
  });
});
