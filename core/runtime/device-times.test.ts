import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deviceTimes, rangesToTime } from './device-times.ts';

const reference = [1, 2, 3, 4];
const spread = { low: 0.9, high: 1.2 };
const ranges = [
  { start: 0, end: 2 },
  { start: 2, end: 4 },
];

test('a part adds up to what the device took for it, its blocks relate as on the device that measured each', () => {
  const times = deviceTimes({ ms: [6, 70], perItemMs: 0.5, spread }, ranges, reference);
  expect(times).toEqual({ blockMs: [2, 4, 30, 40], perItemMs: 0.5, timed: Array(4).fill(true), spread });
});

test('a part that was not timed is as much slower as the nearest one that was; none at all tell nothing', () => {
  const times = deviceTimes({ ms: [null, 70], perItemMs: 0, spread }, ranges, reference);
  expect(times?.blockMs).toEqual([10, 20, 30, 40]);
  expect(times?.timed).toEqual([false, false, true, true]);
  expect(deviceTimes({ ms: [null, null], perItemMs: 0, spread }, ranges, reference)).toBeNull();
});

test('whatever a device claims, times are finite and more than nothing', () => {
  for (const claim of [0, 1e-300, 1e308]) {
    const times = deviceTimes(
      { ms: [claim, claim], perItemMs: claim, spread: { low: claim, high: claim } },
      ranges,
      [0, 2, 3, 4],
    );
    expect(times?.spread.low).toBeLessThanOrEqual(1);
    expect(Number.isFinite(times?.spread.high)).toBe(true);
    const sum = times?.blockMs.reduce((total, each) => total + each, times.perItemMs);
    expect(sum).toBeGreaterThan(0);
    expect(Number.isFinite(sum)).toBe(true);
  }
});

test('of parts that are too large the piece that takes longest is timed, and never a mere table', () => {
  const bytes = [50e6, 50e6, 1, 1];
  const short = rangesToTime([1, 1, 1, 97], bytes, []);
  expect(short.at(-1)).toEqual({ start: 3, end: 4 });
  const long = rangesToTime([1, 1], [50e6, 50e6], []);
  expect(long).toEqual([
    { start: 0, end: 1 },
    { start: 1, end: 2 },
  ]);
  // A table of words that is read in no time, layers, and a large product at the end.
  const decoder = rangesToTime(
    [0.01, ...Array<number>(8).fill(1), 4],
    [113e6, ...Array<number>(8).fill(14e6), 113e6],
    [],
  );
  expect(decoder).toEqual([
    { start: 1, end: 4 },
    { start: 4, end: 7 },
    { start: 7, end: 9 },
    { start: 9, end: 10 },
  ]);
  expect(rangesToTime([1, 2, 4, 2, 1, 40, 40, 40], [40e6, 30e6, 30e6, 30e6, 40e6, 1, 1, 1], [])[0]).toEqual({
    start: 2,
    end: 4,
  });
});

test('parts meet where few bytes cross, near where their times would be equal', () => {
  const same = Array<number>(16).fill(1);
  const bytes = Array.from({ length: 17 }, (_, at) => ([3, 9, 12].includes(at) ? 10 : 1000));
  const ranges = rangesToTime(same, same, bytes);
  expect(ranges.map(({ start }) => start)).toEqual([0, 3, 9, 12]);
  const even = rangesToTime(same, same, Array(17).fill(1000));
  expect(even.map(({ start }) => start)).toEqual([0, 4, 8, 12]);
});

test('parts cover the model in order, each at least a block', () => {
  const bytes = fc.double({ min: 0, max: 100, noNaN: true });
  const block = fc.tuple(bytes, bytes);
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 40 }), (blocks) => {
      const [blockMs, boundaryBytes] = [blocks.map(([ms]) => ms), blocks.map(([, each]) => each)];
      const parts = rangesToTime(
        blockMs,
        blockMs.map(() => 0),
        boundaryBytes,
      );
      expect(parts[0]?.start).toBe(0);
      expect(parts.at(-1)?.end).toBe(blockMs.length);
      parts.forEach(({ start, end }, at) => {
        expect(end).toBeGreaterThan(start);
        if (at > 0) expect(start).toBe(parts[at - 1]?.end);
      });
      expect(parts.length).toBe(Math.min(4, blockMs.length));
    }),
    { seed: 5, numRuns: 300 },
  );
});
