import { describe, expect, test } from 'vitest';
import { FRONT } from './fixtures/plans.ts';
import { axis, chosenPoint, modeOf, placeOn, pointWords, shownFront } from './trades.ts';

describe('the front that is shown', () => {
  test('is the whole of a small one', () => {
    expect(shownFront(FRONT)).toEqual(FRONT);
    expect(shownFront(FRONT.slice(0, 1))).toHaveLength(1);
    expect(shownFront([])).toEqual([]);
  });

  test('of many points keeps both ends and few between, in order', () => {
    const many = Array.from({ length: 60 }, (_, i) => ({
      latencyMs: 50 * 1.04 ** i,
      periodMs: 50 / 1.04 ** i,
      devices: 2,
    }));
    const shown = shownFront(many);
    expect(shown.length).toBeLessThanOrEqual(8);
    expect([shown[0], shown.at(-1)]).toEqual([many[0], many.at(-1)]);
    expect(shown.map(({ latencyMs }) => latencyMs)).toEqual(
      shown.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b),
    );
  });

  test('leaves out what nobody could tell apart', () => {
    const [first] = FRONT;
    if (!first) throw new Error('no front');
    const near = { ...first, latencyMs: first.latencyMs * 1.01, periodMs: first.periodMs * 0.99 };
    expect(shownFront([first, near, ...FRONT.slice(1)])).toEqual(FRONT);
  });
});

test('each point asks for a mode, and that mode chooses the point', () => {
  expect(FRONT.map((_, i) => chosenPoint(FRONT, modeOf(FRONT, i)))).toEqual(FRONT.map((_, i) => i));
  expect(modeOf(FRONT, 0)).toBe('fastest');
  expect(modeOf(FRONT, FRONT.length - 1)).toBe('most');
  expect(chosenPoint(FRONT, 'everyone')).toBe(-1);
});

test('a point is heard with both its numbers', () => {
  expect(FRONT.slice(0, 2).map(pointWords)).toEqual([
    '61 ms an answer, 16 answers a second, 1 device',
    '64 ms an answer, 23 answers a second, 2 devices',
  ]);
});

test('an axis has room around its values and round marks', () => {
  const { from, to, marks } = axis([61, 84]);
  expect(marks).toEqual([60, 70, 80]);
  expect([placeOn({ from, to, marks }, from), placeOn({ from, to, marks }, to)]).toEqual([0, 1]);
  for (const value of [0.4, 12, 3000]) expect(axis([value]).marks.length).toBeGreaterThan(1);
});
