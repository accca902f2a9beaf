import { expect, it } from 'vitest';
import { findingsOf, verdict } from './ratios.ts';

const ROUND = { wholeMs: 100, wholeWallMs: 102, splitMs: 121, computeMs: 99, rawMs: 10 };

it('compares a split run with the whole run and the raw channel of the same round', () => {
  const [split, hop] = findingsOf([ROUND, ROUND, ROUND], 2);
  expect(split?.value.median).toBeCloseTo(121 / 110);
  expect(hop?.value.median).toBeCloseTo(22 / 17);
});

it('tells the goal from the limit', () => {
  const at = (splitMs: number) => findingsOf([{ ...ROUND, splitMs }], 2).map(verdict)[0];
  expect([at(120), at(125), at(130)]).toEqual(['good', 'fair', 'poor']);
});

it('with one tab a faster stage worker is better', () => {
  const at = (splitMs: number) => findingsOf([{ ...ROUND, splitMs }], 1).map(verdict)[0];
  expect([at(102), at(110)]).toEqual(['good', 'poor']);
});
