import { describe, expect, it } from 'vitest';
import type { PeerId } from '../ids.ts';
import { epochOf, isCredible, NO_TERM, nextTerm, termOf } from './term.ts';

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
    for (let round = 0; round < 5000; round++) {
      const next = nextTerm(term, A);
      expect(next).toBeGreaterThan(term);
      expect(isCredible(next, term)).toBe(true);
      term = next;
    }
    const epoch = epochOf(term, 16_383);
    expect(Number.isSafeInteger(epoch)).toBe(true);
    expect(termOf(epoch)).toBe(term);
    expect(termOf(epochOf(term, 16_384))).not.toBe(term);
    expect(nextTerm(term, B)).toBe(term + 1);
    expect(() => nextTerm(2 ** 39 - 1, B)).toThrow('too often');
  });

  it('are believed up to 256 changes of leader ahead, by a newcomer nearly all', () => {
    let own = nextTerm(NO_TERM, A);
    let later = own;
    for (let round = 0; round < 256; round++) later = nextTerm(later, B);
    expect(isCredible(later, own)).toBe(true);
    later = nextTerm(later, B);
    expect([isCredible(later, own), isCredible(own, later), isCredible(later, NO_TERM)]).toEqual([
      false,
      true,
      true,
    ]);
    expect([isCredible(2 ** 39 - 1, own), isCredible(2 ** 39 - 1, NO_TERM)]).toEqual([false, false]);
    for (let round = 0; round < 2100; round++) own = nextTerm(own, A);
    expect([isCredible(own + 256, own), isCredible(own + 257, own)]).toEqual([true, false]);
  });
});
