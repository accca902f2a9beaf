import fc from 'fast-check';
import { expect, test } from 'vitest';
import { remaining, type Said, settled, timeLeft } from './time-left.ts';

test('time left is round and has a unit for every size', () => {
  expect([0, 4, 4.1, 17, 20, 54, 60, 61, 110, 111, 149, 151, 5369, 5370, 9001].map(timeLeft)).toEqual([
    'a few seconds left',
    'a few seconds left',
    'about 5 s left',
    'about 20 s left',
    'about 20 s left',
    'about 55 s left',
    'about 60 s left',
    'about 70 s left',
    'about 110 s left',
    'about 2 min left',
    'about 2 min left',
    'about 3 min left',
    'about 89 min left',
    'about 2 h left',
    'about 3 h left',
  ]);
});

test('while estimates waver by a fifth, the time said only counts down', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 5, max: 4000 }),
      fc.array(fc.double({ min: -0.2, max: 0.2, noNaN: true }), { minLength: 1, maxLength: 200 }),
      (total, noise) => {
        let said: Said = settled(null, total, 0);
        let before = total;
        for (const [i, share] of noise.entries()) {
          const now = ((i + 1) / (noise.length + 1)) * total * 1000;
          const truth = total - now / 1000;
          said = settled(said, truth * (1 + share), now);
          const left = remaining(said, now);
          expect(left).toBeLessThanOrEqual(before);
          before = left;
        }
      },
    ),
  );
});

test('a line that became half as fast is told at once', () => {
  const said = settled(null, 60, 0);
  expect(remaining(settled(said, 100, 10_000), 10_000)).toBe(100);
});

test('what was said never becomes less than nothing', () => {
  expect(remaining({ seconds: 3, at: 0 }, 60_000)).toBe(0);
});
