import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimate, holdersOf } from './estimate.ts';
import { allows } from './fits.ts';
import { decide } from './planner.ts';
import { roomOf as someRooms } from './random-room.ts';
import { repair } from './repair.ts';
import type { PlannedStage, PlanRoom } from './room.ts';

const BLOCKS = 8;

/** Devices in a full mesh, each with its own time of a block. */
function roomOf(speeds: Readonly<Record<string, number>>, memoryBytes = 1e9): PlanRoom {
  const names = Object.keys(speeds);
  return {
    objective: 'latency',
    home: 'home',
    inputBytes: 1000,
    blocks: Array(BLOCKS).fill({ weightBytes: 1e6, workspaceBytes: 0, outputBytes: 1000 }),
    devices: names.map((id) => ({ id, memoryBytes, blockMs: Array(BLOCKS).fill(speeds[id]) })),
    links: names.flatMap((from) =>
      names.filter((to) => to > from).map((to) => ({ from, to, delayMs: 1, mbitPerSec: 100 })),
    ),
  };
}
const periodIn =
  (room: PlanRoom) =>
  (stages: readonly PlannedStage[]): number | null =>
    allows(room, stages) ? estimate(room, stages).periodMs : null;
const chain: readonly PlannedStage[] = [
  { device: 'home', start: 0, end: 2 },
  { device: 'phone', start: 2, end: 6 },
  { device: 'tablet', start: 6, end: 8 },
];

describe('repair', () => {
  test('a lost stage is split between its neighbours where that is best, and they keep what they hold', () => {
    const room = roomOf({ home: 10, tablet: 10 });
    expect(repair(room, chain, periodIn(room))).toEqual([
      { device: 'home', start: 0, end: 4 },
      { device: 'tablet', start: 4, end: 8 },
    ]);
    const uneven = roomOf({ home: 10, tablet: 100 });
    expect(repair(uneven, chain, periodIn(uneven))).toEqual([
      { device: 'home', start: 0, end: 6 },
      { device: 'tablet', start: 6, end: 8 },
    ]);
  });

  test('a lost end goes to the one neighbour that it has', () => {
    const room = roomOf({ home: 10, phone: 10 });
    expect(repair(room, chain, periodIn(room))).toEqual([
      { device: 'home', start: 0, end: 2 },
      { device: 'phone', start: 2, end: 8 },
    ]);
  });

  test('of a stage that several hold, a lost holder moves nothing', () => {
    const room = roomOf({ home: 10, tablet: 10 });
    const copied = [
      { device: 'home', start: 0, end: 5 },
      { device: 'phone', start: 5, end: 8, copies: ['tablet'] },
    ];
    expect(repair(room, copied, periodIn(room))).toEqual([
      { device: 'home', start: 0, end: 5 },
      { device: 'tablet', start: 5, end: 8 },
    ]);
  });

  test('a head and a tail that meet are one stage', () => {
    const room = roomOf({ home: 10 });
    const around = [
      { device: 'home', start: 0, end: 2 },
      { device: 'phone', start: 2, end: 6 },
      { device: 'home', start: 6, end: 8 },
    ];
    expect(repair(room, around, periodIn(room))).toEqual([{ device: 'home', start: 0, end: 8 }]);
  });

  test('without memory for it, or with nobody left, there is none', () => {
    const small = roomOf({ home: 10, tablet: 10 }, 3e6);
    expect(repair(small, chain, periodIn(small))).toBeNull();
    const strangers = roomOf({ home: 10 });
    expect(repair(strangers, chain.slice(1), periodIn(strangers))).toBeNull();
  });

  test('in random rooms it is a plan of the room in which nobody gives up a block, and never beats the best', () => {
    let repairs = 0;
    const rooms = fc.sample(someRooms({ devices: [3, 4], blocks: [4, 8] }), { numRuns: 400, seed: 7 });
    for (const room of rooms) {
      const whole = decide({ room, mode: 'everyone', present: null });
      if ('infeasible' in whole || whole.plan.stages.length < 2) continue;
      const { stages: broken } = whole.plan;
      const lost = broken.find(({ device }) => device !== room.home)?.device;
      const left = { ...room, devices: room.devices.filter(({ id }) => id !== lost) };
      const answer = decide({ room: left, mode: 'fastest', present: null, broken });
      if ('infeasible' in answer || !answer.repaired) continue;
      repairs++;
      const { stages } = answer.repaired.plan;
      expect(allows(left, stages)).toBe(true);
      expect(answer.repaired.aimMs).toBeGreaterThanOrEqual(answer.bestMs * (1 - 1e-9));
      for (const stage of broken) {
        for (const holder of holdersOf(stage).filter((id) => id !== lost)) {
          const now = stages.find((each) => holdersOf(each).includes(holder));
          expect(now?.start).toBeLessThanOrEqual(stage.start);
          expect(now?.end).toBeGreaterThanOrEqual(stage.end);
        }
      }
    }
    expect(repairs).toBeGreaterThan(40);
  });
});
