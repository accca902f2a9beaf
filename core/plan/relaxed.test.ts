import fc from 'fast-check';
import { expect, test } from 'vitest';
import { costsOf } from './costs.ts';
import { allPlans } from './enumeration.ts';
import { someRoom } from './random-room.ts';
import { latencyBounds } from './relaxed.ts';

test('no plan that uses a device beats its bound, and most bounds are reached', () => {
  let bounded = 0;
  let exact = 0;
  fc.assert(
    fc.property(someRoom, (room) => {
      const plans = [...allPlans(room)];
      latencyBounds(costsOf(room)).forEach((bound, device) => {
        const id = room.devices[device]?.id;
        const using = plans.filter((plan) => plan.stages.some((stage) => stage.device === id));
        const least = Math.min(...using.map((plan) => plan.latencyMs));
        if (least === Infinity) return;
        expect(bound).toBeLessThanOrEqual(least * (1 + 1e-12));
        bounded++;
        if (bound >= least * (1 - 1e-12)) exact++;
      });
    }),
    { seed: 3, numRuns: 300 },
  );
  // A bound of zero would be honest, too.
  expect(bounded).toBeGreaterThan(300);
  expect(exact / bounded).toBeGreaterThan(0.6);
});
