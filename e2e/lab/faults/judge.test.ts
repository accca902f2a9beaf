import { expect, test } from 'vitest';
import { parseFault } from './fault.ts';
import { faultLines, isHarmless, judge, type Outcome, unfired } from './judge.ts';

const [killed, restarted] = [parseFault('kill:1@2'), parseFault('server-restart@4')];
const FIRED = [
  { fault: killed, device: 1, moment: 1000 },
  { fault: restarted, device: null, moment: 5000 },
];
const outcome = (line: number, askedAt: number, at: number, kind: Outcome['kind'] = 'equal'): Outcome => ({
  line,
  askedAt,
  at,
  kind,
});

test('a room has recovered when everybody who asks has an answer to what was asked after the fault', () => {
  const outcomes = [
    outcome(0, 900, 950),
    // On its way home before the fault: tells nothing.
    outcome(0, 950, 1010),
    outcome(0, 1010, 1800),
    outcome(1, 980, 1900),
    outcome(1, 1900, 2000),
    outcome(0, 1800, 1850),
  ];
  expect(judge(FIRED.slice(0, 1), outcomes)[0]?.recoveredMs).toBe(1000);
});

test('nobody has recovered by an answer that was lost, or when nothing was asked any more', () => {
  expect(judge(FIRED.slice(0, 1), [outcome(0, 1100, 1200, 'lost')])[0]?.recoveredMs).toBeNull();
});

test('what goes wrong belongs to the last fault before it', () => {
  const outcomes = [
    outcome(0, 0, 900, 'wrong'),
    outcome(0, 900, 1100, 'lost'),
    outcome(0, 1100, 1200, 'duplicated'),
    outcome(0, 1200, 1300),
    outcome(0, 4000, 5100, 'wrong'),
  ];
  const reports = judge(FIRED, outcomes);
  expect(reports).toMatchObject([
    { kind: 'kill', device: 1, at: 2, lost: 1, duplicated: 1, outputEqual: true },
    { kind: 'server-restart', device: null, at: 4, lost: 0, duplicated: 0, outputEqual: false },
  ]);
  expect(isHarmless(reports)).toBe(false);
  expect(isHarmless(judge(FIRED, [outcome(0, 1200, 1300)]))).toBe(true);
  expect(faultLines(reports)).toEqual([
    'fault   kill of device 1 at 2: answers again after 200 ms, 1 lost, 1 doubled, output equal',
    'fault   server-restart at 4: nothing asked after it, 0 lost, 0 doubled, output DIFFERENT',
  ]);
});

test('a fault that never came is said', () => {
  expect(unfired([killed, restarted], FIRED.slice(0, 1))).toEqual([
    'the fault server-restart@4 never came: there were not so many answers',
  ]);
});
