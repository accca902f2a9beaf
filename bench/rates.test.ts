import { describe, expect, it } from 'vitest';
import { answersUntil, faultsOf, steadyRate, wholeRate } from './rates.ts';

const every = (ms: number, count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({
    index: i,
    askedAt: from + i * ms - ms,
    doneAt: from + i * ms,
    right: true,
  }));

describe('the rate of a stream', () => {
  it('over all counts the time until the room is full, the steady one does not', () => {
    const items = every(10, 50, 500).map((item) => ({ ...item, askedAt: 0 }));
    expect(wholeRate(items)).toBeCloseTo(50_000 / 990);
    expect(steadyRate(items, 5)).toBeCloseTo(100);
  });
});

describe('the way back to a rate', () => {
  it('is counted in answers, from the one at which it went', () => {
    const slow = every(50, 8, 1000);
    const items = [...every(10, 60), ...slow, ...every(10, 100, 1400)];
    // The window begins with the last slow answer.
    expect(answersUntil(items, 60, 90)).toBe(8);
  });

  it('is not found in a short burst', () => {
    const burst = every(1, 12, 1000);
    const items = [...every(10, 60), ...burst, ...every(50, 100, 1100)];
    expect(answersUntil(items, 60, 90)).toBeNull();
  });
});

it('says what was lost, doubled, failed or mixed up', () => {
  const [first, second] = every(10, 2);
  if (!first || !second) throw new Error('two items');
  const items = [first, first, { ...second, right: false }];
  expect(faultsOf({ items, failures: ['item 2: gone'], plans: [] }, 3)).toEqual([
    'lost: 2',
    'answered twice: 0',
    'wrong: 1',
    'item 2: gone',
  ]);
});
