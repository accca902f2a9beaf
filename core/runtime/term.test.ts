import { describe, expect, it } from 'vitest';
import type { PeerId } from '../ids.ts';
import { epochOf, NO_TERM, nextTerm, termOf } from './term.ts';

const A = 'f'.repeat(16) as PeerId;
const B = '0'.repeat(16) as PeerId;

describe('terms', () => {
  it('rise with each change of leader, whoever follows whom, and epochs with them', () => {
    const first = nextTerm(NO_TERM, A);
    const second = nextTerm(first, B);
    expect(second).toBeGreaterThan(first);
    expect(epochOf(second, 1)).toBeGreaterThan(epochOf(first, 16_383));
  });

  it('are not the same for two that take over at the same time', () => {
    const before = nextTerm(NO_TERM, A);
    expect(nextTerm(before, A)).not.toBe(nextTerm(before, B));
  });

  it('can be read from an epoch, which stays a whole number', () => {
    let term = NO_TERM;
    for (let round = 0; round < 2047; round++) term = nextTerm(term, A);
    const epoch = epochOf(term, 16_383);
    expect(Number.isSafeInteger(epoch)).toBe(true);
    expect(termOf(epoch)).toBe(term);
    expect(termOf(epochOf(term, 16_384))).not.toBe(term);
    expect(() => nextTerm(term, B)).toThrow('too often');
  });
});
