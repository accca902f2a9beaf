import { expect, test } from 'vitest';
import { lineOf, Tally } from './tally.ts';

test('a soak is clean while nothing is lost, wrong or doubled, whatever died with its page', () => {
  const tally = new Tally();
  tally.answered('right');
  tally.answered('died');
  tally.falseAlarm('B left, says A');
  expect(tally.isClean).toBe(true);
  for (const kind of ['lost', 'wrong', 'doubled'] as const) {
    const one = new Tally();
    one.answered(kind, `it was ${kind}`);
    expect(one.isClean).toBe(false);
    expect(one.summary().findings).toEqual([`${kind}: it was ${kind}`]);
  }
});

test('a room has recovered when every line has something that was asked afterwards', () => {
  const tally = new Tally();
  const came = (line: number, asker: number, askedAt: number, at: number): void =>
    tally.came({ line, asker, askedAt, at });
  came(0, 1, 90, 110);
  came(0, 1, 110, 400);
  came(1, 2, 120, 900);
  // From the device itself, which was frozen for so long.
  came(2, 7, 150, 5000);
  came(0, 1, 400, 1200);
  expect(tally.recovered(100, 7)).toBe(800);
  expect(tally.recovered(1000, 7)).toBeNull();
  came(0, 1, 2000, 2100);
  tally.recovered(2000, 7);
  expect(tally.summary().recoveries).toEqual({ count: 2, medianMs: 450, maxMs: 800 });
});

test('the line says all of it', () => {
  const tally = new Tally();
  tally.answered('right');
  expect(lineOf(2, tally, 'pages 100 MB')).toBe(
    '2.0 min: 1 answers, 0 lost, 0 wrong, 0 doubled, 0 died with their page; 0 recoveries, median - ms, ' +
      'max - ms; 0 false alarms; pages 100 MB',
  );
});
