import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alone } from './alone.ts';
import { everyPlan } from './exhaustive.ts';
import { someRoom } from './random-room.ts';

test('lists whoever can hold everything, with the way there and back, fastest first', () => {
  fc.assert(
    fc.property(someRoom, (room) => {
      const single: { device: string | undefined; latencyMs: number; periodMs: number }[] = [];
      everyPlan(room, ({ stages, latencyMs, periodMs }) => {
        if (stages.length === 1) single.push({ device: stages[0]?.device, latencyMs, periodMs });
      });
      const found = alone(room);
      expect(found.map(({ device }) => device).toSorted()).toEqual(
        single.map(({ device }) => device).toSorted(),
      );
      for (const { device, latencyMs, periodMs } of found) {
        const counted = single.find((plan) => plan.device === device);
        expect(counted?.latencyMs).toBeCloseTo(latencyMs, 9);
        expect(counted?.periodMs).toBeCloseTo(periodMs, 9);
      }
      const times = found.map(({ latencyMs }) => latencyMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }),
    { seed: 20_240_601, numRuns: 200 },
  );
});
