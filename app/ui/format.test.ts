import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ago,
  bytes,
  bytesOf,
  clock,
  count,
  layers,
  median,
  ms,
  number,
  percent,
  shape,
  shares,
  span,
} from './format.ts';

describe('numbers carry their unit', () => {
  test('milliseconds keep one decimal while it matters and become seconds at one second', () => {
    expect([null, 0.42, 11.44, 19.96, 41.4, 999.4, 999.6, 1840, 123_456].map(ms)).toEqual([
      '–',
      '0.4 ms',
      '11.4 ms',
      '20 ms',
      '41 ms',
      '999 ms',
      '1.0 s',
      '1.8 s',
      '123 s',
    ]);
  });

  test('bytes are decimal and never read 1000 of a unit', () => {
    expect([0, 812, 999, 4096, 999_499, 999_600, 3_540_000, 38_200_000, 1.23e9].map(bytes)).toEqual([
      '0 B',
      '812 B',
      '999 B',
      '4 KB',
      '999 KB',
      '1.0 MB',
      '3.5 MB',
      '38 MB',
      '1.2 GB',
    ]);
  });

  test('only nothing is 0% and only everything is 100%', () => {
    expect([0, 0.001, 0.624, 0.999, 1, 1.4].map(percent)).toEqual(['0%', '1%', '62%', '99%', '100%', '100%']);
  });

  test('a part is told in the unit of its whole', () => {
    expect([
      bytesOf(81_600_000, 256e6),
      bytesOf(0, 812),
      bytesOf(4.02e8, 1.13e9),
      bytesOf(256e6, 256e6),
    ]).toEqual(['82 of 256 MB', '0 of 812 B', '0.40 of 1.13 GB', '256 of 256 MB']);
  });
});

test('half-open blocks are counted from one', () => {
  expect([layers(0, 34), layers(4, 5), span(34, 61)]).toEqual(['layers 1–34', 'layer 5', '35–61']);
});

test('one is singular', () => {
  expect([count(1, 'device'), count(0, 'device'), count(2, 'match', 'matches')]).toEqual([
    '1 device',
    '0 devices',
    '2 matches',
  ]);
});

test('a shape names what it does not know', () => {
  expect([shape([1, 'N', null]), shape([]), shape(null)]).toEqual(['1 × N × ?', 'one number', 'any shape']);
});

test('numbers of any size stay short', () => {
  expect([0, 3, -1.23456, 0.00001234, 1_234_567, Number.NaN].map(number)).toEqual([
    '0',
    '3',
    '-1.235',
    '1.23e-5',
    '1.23e+6',
    'NaN',
  ]);
});

test('the clock is local and padded', () => {
  expect(clock(new Date(2026, 0, 2, 3, 4, 5).getTime())).toBe('03:04:05');
});

test('what was long ago is told in days', () => {
  const now = Date.UTC(2026, 4, 3);
  const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
  expect(
    [-5, 0, minute, 59 * minute, hour, 23 * hour, day, 12.9 * day].map((past) => ago(now - past, now)),
  ).toEqual([
    'just now',
    'just now',
    '1 min ago',
    '59 min ago',
    '1 h ago',
    '23 h ago',
    'yesterday',
    '12 days ago',
  ]);
});

test('the median of none is null and of an even number the mean of the middle two', () => {
  expect([median([]), median([3]), median([9, 1, 5]), median([4, 1, 2, 3])]).toEqual([null, 3, 5, 2.5]);
});

describe('shares', () => {
  test('are proportional where nothing is small', () => {
    expect(shares([1, 1, 2], 0.1)).toEqual([0.25, 0.25, 0.5]);
  });

  test('lift the small to the floor and take it from the rest in proportion', () => {
    const [a, b, c] = shares([0, 30, 60], 0.1);
    expect([a, b, c]).toEqual([0.1, expect.closeTo(0.3), expect.closeTo(0.6)]);
  });

  test('add up to one, never go below the floor and keep the order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 12 }),
        (values) => {
          const widths = shares(values, 0.12);
          expect(widths.reduce((sum, width) => sum + width, 0)).toBeCloseTo(1, 6);
          for (const width of widths)
            expect(width).toBeGreaterThanOrEqual(Math.min(0.12, 1 / values.length) - 1e-6);
          for (const [i, a] of values.entries())
            for (const [j, b] of values.entries())
              if (a > b) expect(widths[i] ?? 0).toBeGreaterThanOrEqual((widths[j] ?? 0) - 1e-6);
        },
      ),
    );
  });
});
