import { beforeEach, describe, expect, it } from 'vitest';
import type { PeerId } from '../ids.ts';
import { Paces } from './paces.ts';

const [LAPTOP, PHONE] = ['a', 'b'].map((x) => x.repeat(16) as PeerId) as [PeerId, PeerId];
const FIRST = { start: 0, end: 4 };
const SECOND = { start: 4, end: 8 };

let paces: Paces;
beforeEach(() => {
  paces = new Paces();
});

describe('Paces', () => {
  it('keeps what each part of the model showed, and gives the rest what was told last', () => {
    paces.learn(LAPTOP, FIRST, 10, 10, 0);
    paces.learn(LAPTOP, SECOND, 20, 10, 1);
    expect([0, 3, 4, 7, 8].map((block) => paces.factorOf(LAPTOP, block))).toEqual([1, 1, 2, 2, 2]);
    expect(paces.factor(LAPTOP)).toBe(2);
  });

  it('tells of a change only against what the same blocks took before', () => {
    expect(paces.learn(LAPTOP, FIRST, 10, 10, 0)).toBeUndefined();
    expect(paces.learn(LAPTOP, SECOND, 30, 10, 1)).toBeUndefined();
    expect(paces.learn(LAPTOP, FIRST, 50, 10, 2)).toBe(5);
  });

  it('smooths what wavers, and believes a jump at once', () => {
    paces.learn(LAPTOP, FIRST, 10, 10, 0);
    const wavered = paces.learn(LAPTOP, FIRST, 12, 10, 1) ?? 0;
    expect(wavered).toBeGreaterThan(1);
    expect(wavered).toBeLessThan(1.2);
    paces.learn(LAPTOP, FIRST, 100, 10, 2);
    expect(paces.factorOf(LAPTOP, 0)).toBe(10);
  });

  it('forgets the other parts of a device that has become another one', () => {
    paces.learn(LAPTOP, FIRST, 10, 10, 0);
    paces.learn(LAPTOP, SECOND, 10, 10, 1);
    paces.learn(LAPTOP, SECOND, 50, 10, 2);
    expect(paces.factorOf(LAPTOP, 0)).toBe(5);
  });

  it('takes a device that has not worked as it measured', () => {
    paces.learn(LAPTOP, FIRST, 30, 10, 0);
    expect(paces.factorOf(PHONE, 0)).toBe(1);
    expect(paces.toldAt(PHONE)).toBeUndefined();
  });
});
