import { beforeEach, describe, expect, it } from 'vitest';
import type { PeerId } from '../ids.ts';
import { Paces, type Range } from './paces.ts';

const [LAPTOP, PHONE] = ['a', 'b'].map((x) => x.repeat(16) as PeerId) as [PeerId, PeerId];
const FIRST = { start: 0, end: 4 };
const SECOND = { start: 4, end: 8 };

let paces: Paces;
beforeEach(() => {
  paces = new Paces();
});

/** Half of the model, which was measured to take 10 ms. */
const learn = (peer: PeerId, range: Range, ms: number, at: number, share = 0.5): number | undefined =>
  paces.learn(peer, { range, ms, expectedMs: 10, share }, at);

describe('Paces', () => {
  it('keeps what each part of the model showed, and gives the rest what the largest of them showed', () => {
    learn(LAPTOP, FIRST, 10, 0);
    learn(LAPTOP, SECOND, 20, 1);
    expect([0, 3, 4, 7, 8].map((block) => paces.factorOf(LAPTOP, block))).toEqual([1, 1, 2, 2, 2]);
    expect(paces.factor(LAPTOP)).toBe(2);
  });

  it('tells of a change only against what the same blocks took before', () => {
    expect(learn(LAPTOP, FIRST, 10, 0)).toBeUndefined();
    expect(learn(LAPTOP, SECOND, 30, 1)).toBeUndefined();
    expect(learn(LAPTOP, FIRST, 50, 2)).toBe(5);
  });

  it('smooths what wavers, and believes a jump at once', () => {
    learn(LAPTOP, FIRST, 10, 0);
    const wavered = learn(LAPTOP, FIRST, 12, 1) ?? 0;
    expect(wavered).toBeGreaterThan(1);
    expect(wavered).toBeLessThan(1.2);
    learn(LAPTOP, FIRST, 100, 2);
    expect(paces.factorOf(LAPTOP, 0)).toBe(10);
  });

  it('forgets the other parts of a device that has become another one', () => {
    learn(LAPTOP, FIRST, 10, 0);
    learn(LAPTOP, SECOND, 10, 1);
    learn(LAPTOP, SECOND, 50, 2);
    expect(paces.factorOf(LAPTOP, 0)).toBe(5);
  });

  it('concludes little from a small stage for the rest of the model', () => {
    learn(LAPTOP, FIRST, 160, 0, 0.25 / 4);
    expect(paces.factorOf(LAPTOP, 0)).toBe(16);
    expect(paces.factorOf(LAPTOP, 5)).toBe(2);
  });

  it('goes back to what is usual when a device is measured again as before', () => {
    learn(LAPTOP, FIRST, 16, 0);
    learn(LAPTOP, FIRST, 80, 1);
    expect([paces.factor(LAPTOP), paces.strain(LAPTOP)]).toEqual([8, 5]);
    paces.recovered(LAPTOP);
    expect([paces.factor(LAPTOP), paces.strain(LAPTOP), paces.factorOf(LAPTOP, 0)]).toEqual([1.6, 1, 1.6]);
    // A larger stage tells more of what is usual.
    learn(LAPTOP, SECOND, 20, 2, 0.9);
    expect(paces.strain(LAPTOP)).toBe(1);
    paces.recovered(PHONE);
    expect(paces.strain(PHONE)).toBe(1);
  });

  it('takes a device that has not worked as it measured', () => {
    learn(LAPTOP, FIRST, 30, 0);
    expect(paces.factorOf(PHONE, 0)).toBe(1);
    expect(paces.toldAt(PHONE)).toBeUndefined();
  });
});
