import { expect, test } from 'vitest';
import { isWorthMoving, type Standing } from './replan.ts';

const standing: Standing = {
  presentMs: 130,
  bestMs: 100,
  betterForMs: 5000,
  runningForMs: 60_000,
  moves: 0,
  busyForMs: 20_000,
  moveMs: 1000,
  alongside: false,
};
const worth = (change: Partial<Standing>): boolean => isWorthMoving({ ...standing, ...change });

test('a gain that lasts and pays is worth it', () => {
  expect(worth({})).toBe(true);
});

test('a gain within the error of measuring is not, however long it lasts', () => {
  expect(worth({ presentMs: 119, betterForMs: 1e9, busyForMs: 1e9 })).toBe(false);
});

test('a small gain must last, and a new plan is given time; a large one need not wait', () => {
  expect(worth({ betterForMs: 2000 })).toBe(false);
  expect(worth({ runningForMs: 2000 })).toBe(false);
  expect(worth({ presentMs: 300, betterForMs: 0, runningForMs: 0 })).toBe(true);
});

test('a room that has moved lately waits longer each time, however good the next plan looks', () => {
  const eager = { presentMs: 300, betterForMs: 5000, runningForMs: 10_000 };
  expect([0, 1, 2, 3].map((moves) => worth({ ...eager, moves }))).toEqual([true, true, true, false]);
  expect(worth({ ...eager, moves: 3, runningForMs: 17_000 })).toBe(true);
});

test('what must travel has to be worth the work that is to come', () => {
  expect(worth({ moveMs: 60_000 })).toBe(false);
  expect(worth({ moveMs: 60_000, busyForMs: 600_000 })).toBe(true);
  expect(worth({ moveMs: 10_000 })).toBe(false);
  expect(worth({ moveMs: 10_000, alongside: true })).toBe(true);
});

test('while nobody asks, it has to pay within a minute', () => {
  expect(worth({ busyForMs: 0, moveMs: 10_000 })).toBe(true);
  expect(worth({ busyForMs: 0, moveMs: 20_000 })).toBe(false);
});
