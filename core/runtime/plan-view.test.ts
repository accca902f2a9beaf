import { expect, test } from 'vitest';
import type { Epoch, PeerId } from '../ids.ts';
import { estimate } from '../plan/estimate.ts';
import type { PlanResult, PlanRoom } from '../plan/room.ts';
import type { Calibration } from '../protocol/calibration.ts';
import { planView } from './plan-view.ts';

const [HOME, SLOW] = ['a', 'b'].map((x) => x.repeat(16) as PeerId) as [PeerId, PeerId];

const room: PlanRoom = {
  objective: 'throughput',
  home: HOME,
  inputBytes: 1000,
  blocks: [{ weightBytes: 10, workspaceBytes: 1, outputBytes: 1000 }],
  devices: [
    { id: SLOW, memoryBytes: 100, blockMs: [40] },
    { id: HOME, memoryBytes: 100, blockMs: [10] },
  ],
  links: [{ from: HOME, to: SLOW, delayMs: 5, mbitPerSec: 100 }],
};

const calibration: Calibration = {
  blockMs: [10],
  boundaryBytes: [1000, 1000],
  blockWeightBytes: [10],
  blockWorkspaceBytes: [1],
  blockTensorBytes: [10],
  boundarySamples: [],
  estimated: [false],
  wholeMs: null,
};

test('an item that has the room for itself enters the quickest of several devices, and that is what is predicted', () => {
  const stages = [{ device: SLOW, start: 0, end: 1, copies: [HOME] }];
  const { latencyMs, periodMs } = estimate(room, stages);
  const plan: PlanResult = { stages, latencyMs, periodMs, optimal: true, lowerBoundMs: periodMs };
  const view = planView({
    epoch: 1 as Epoch,
    mode: 'most',
    plan,
    room,
    measured: room.devices,
    times: new Map(),
    out: [],
    calibration,
  });
  expect(latencyMs).toBeGreaterThan(15);
  expect(view.predictedLatencyMs).toBe(10);
  expect(view.predictedPeriodMs).toBe(periodMs);
  expect(view.stages[0]?.copies).toEqual([{ peer: HOME, predictedMs: 10 }]);
});
