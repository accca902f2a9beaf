import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PlanMode } from '../session/state.ts';
import { holdersOf } from './estimate.ts';
import { everyPlan } from './exhaustive.ts';
import { type Explanation, explain } from './explain.ts';
import { planBy } from './modes.ts';
import { someRoom } from './random-room.ts';
import type { PlanRoom } from './room.ts';
import { roomSearch } from './room-search.ts';
import { leftOutReason, sentences } from './sentences.ts';

const ids = ['laptop', 'phone', 'tablet'];
const room: PlanRoom = {
  objective: 'latency',
  home: 'laptop',
  inputBytes: 1000,
  blocks: [10e6, 30e6].map((weightBytes) => ({ weightBytes, workspaceBytes: 0, outputBytes: 1000 })),
  devices: [
    { id: 'laptop', memoryBytes: 1e9, blockMs: [10, 30] },
    { id: 'phone', memoryBytes: 1e9, blockMs: [20, 60] },
    { id: 'tablet', memoryBytes: 5e6, blockMs: [1, 1] },
  ],
  links: ids.flatMap((from) => ids.map((to) => ({ from, to, delayMs: 3, mbitPerSec: 4 }))),
};

function explained(some: PlanRoom, mode: PlanMode): Explanation {
  const plan = planBy(mode, roomSearch(some));
  if ('infeasible' in plan) throw new Error(plan.infeasible);
  return explain(some, plan, mode);
}

describe('explain', () => {
  test('a device left out costs what exhaustive search says the best plan with it costs more', () => {
    let explained = 0;
    fc.assert(
      fc.property(someRoom, (some) => {
        const plan = planBy('fastest', roomSearch(some));
        if ('infeasible' in plan) return;
        const least = new Map<string, number>();
        everyPlan(some, ({ stages, latencyMs }) => {
          for (const { device } of stages) {
            least.set(device, Math.min(least.get(device) ?? Infinity, latencyMs));
          }
        });
        for (const out of explain(some, plan, 'fastest').leftOut) {
          if (out.why !== 'slower') expect(least.has(out.device)).toBe(false);
          else expect(plan.latencyMs + out.addsMs).toBeCloseTo(least.get(out.device) ?? 0, 6);
          explained++;
        }
      }),
      { seed: 7, numRuns: 300 },
    );
    expect(explained).toBeGreaterThan(150);
  });

  test('names every device exactly once, and shares add up to one', () => {
    fc.assert(
      fc.property(
        someRoom,
        fc.constantFrom<PlanMode>('fastest', 'most', 'everyone', { everyMs: 20 }),
        (some, mode) => {
          const plan = planBy(mode, roomSearch(some));
          if ('infeasible' in plan) return;
          const { stages, leftOut, hopsMs } = explain(some, plan, mode);
          const named = [...stages.flatMap(holdersOf), ...leftOut.map((entry) => entry.device)];
          expect(named.toSorted()).toEqual(some.devices.map((device) => device.id));
          expect(stages.reduce((total, { share }) => total + share, 0)).toBeCloseTo(1, 9);
          expect(stages.reduce((total, { ms }) => total + ms, hopsMs)).toBeCloseTo(plan.latencyMs, 6);
        },
      ),
      { seed: 8, numRuns: 200 },
    );
  });

  test('says that memory, or too few layers, keeps a device out', () => {
    const everyone = explained(room, 'everyone');
    expect(everyone.leftOut).toEqual([{ device: 'tablet', why: 'memory', needsBytes: 10e6, hasBytes: 5e6 }]);
    const roomy = {
      ...room,
      devices: room.devices.map((d) => ({ ...d, memoryBytes: 1e9, blockMs: [9, 9] })),
    };
    expect(explained(roomy, 'everyone').leftOut).toMatchObject([{ why: 'no-layer-left' }]);
  });

  test('explains each of 32 devices', () => {
    const many = Array.from({ length: 32 }, (_, d) => `d${d}`);
    const large: PlanRoom = {
      ...room,
      home: 'd0',
      devices: many.map((id, d) => ({ id, memoryBytes: 1e9, blockMs: [10 + d, 30 + d] })),
      links: many.flatMap((from) => many.map((to) => ({ from, to, delayMs: 3, mbitPerSec: 4 }))),
    };
    const { leftOut } = explained(large, 'fastest');
    expect(leftOut).toHaveLength(31);
    // Best with d31: block 0 there, 31 ms slower; there and back 2 x (3 ms + 2 ms).
    expect(leftOut.at(-1)).toEqual({ device: 'd31', why: 'slower', addsMs: 41 });
  });
});

describe('sentences', () => {
  const nameOf = (device: string): string => device.toUpperCase();

  test('of the fastest plan', () => {
    expect(sentences(explained(room, 'fastest'), nameOf)).toEqual([
      'An answer should take 40 ms, all of it computing.',
      'LAPTOP alone is the fastest single device.',
      'LAPTOP does 100% of the computing: layers 1–2 in 40 ms.',
      'PHONE stays out. It would add 20 ms to an answer.',
      'TABLET stays out. It may use 5.0 MB, and even the smallest layer needs 10 MB.',
    ]);
  });

  test('of the plan in which everyone takes part', () => {
    expect(sentences(explained(room, 'everyone'), nameOf)).toEqual([
      'An answer should take 60 ms: 50 ms of computing and 10 ms on the way between devices.',
      'With many asked for at once there should be 33 answers a second.',
      'LAPTOP alone would be faster: 40 ms against 60 ms.',
      'PHONE does 40% of the computing: layer 1 in 20 ms.',
      'LAPTOP does 60% of the computing: layer 2 in 30 ms.',
      'TABLET stays out. It may use 5.0 MB, and even the smallest layer needs 10 MB.',
    ]);
  });

  test('of copies that take turns', () => {
    expect(sentences(explained(room, 'most'), nameOf).slice(0, 4)).toEqual([
      // Two thirds of the answers from the laptop in 40 ms, the rest from the phone in 80 ms and two hops of 5 ms.
      'An answer should take 57 ms: 53 ms of computing and 3.3 ms on the way between devices.',
      'With many asked for at once there should be 38 answers a second.',
      'LAPTOP alone would be faster: 40 ms against 57 ms.',
      'LAPTOP and PHONE take turns at 100% of the computing: layers 1–2 in 53 ms.',
    ]);
  });

  test('of a rate, by the second or by the minute', () => {
    const out = { device: 'x', why: 'fewer', insteadOf: 2 } as const;
    expect(leftOutReason({ ...out, perSecond: 0.5 })).toBe(
      'With it there would be 30 answers a minute instead of 2.0 answers a second.',
    );
    expect(leftOutReason({ ...out, perSecond: 1.999 })).toBe('It would not bring more answers a second.');
    expect(leftOutReason({ device: 'x', why: 'pace', periodMs: 40 })).toBe(
      'With it an answer would come every 40 ms at best.',
    );
  });

  test('give a number only where there is one to give', () => {
    expect(leftOutReason({ device: 'x', why: 'slower', addsMs: 0.01 })).not.toMatch(/\d/);
    expect(leftOutReason({ device: 'x', why: 'slower', addsMs: 1834 })).toContain('1.8 s');
  });
});
