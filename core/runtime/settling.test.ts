import { beforeEach, describe, expect, it } from 'vitest';
import type { PeerId } from '../ids.ts';
import { Settling } from './settling.ts';

const [LAPTOP, PHONE] = ['a', 'b'].map((x) => x.repeat(16) as PeerId) as [PeerId, PeerId];
const times = (ms: number) => ({ blockMs: [ms, ms], perItemMs: ms });

let settling: Settling;
beforeEach(() => {
  settling = new Settling();
});

describe('Settling', () => {
  it('asks one device at a time, and goes on without one that does not answer', () => {
    settling.measured(LAPTOP, times(10), 0);
    settling.measured(PHONE, times(10), 0);
    expect([LAPTOP, PHONE].map((peer) => settling.isDue(peer, 10_000))).toEqual([true, false]);
    expect(settling.isDue(PHONE, 60_000)).toBe(true);
    settling.measured(PHONE, times(5), 61_000);
    expect(settling.isDue(LAPTOP, 61_000)).toBe(true);
  });

  it('asks no device that has not measured, or has left', () => {
    expect(settling.isDue(LAPTOP, 1e6)).toBe(false);
    settling.measured(LAPTOP, times(10), 0);
    settling.forget(LAPTOP);
    expect(settling.isDue(LAPTOP, 1e6)).toBe(false);
  });

  it('asks once more when work takes longer than two measurements that agree', () => {
    for (const now of [0, 10_000]) settling.measured(LAPTOP, times(10), now);
    settling.worked(LAPTOP, 1.1);
    expect(settling.isDue(LAPTOP, 30_000)).toBe(false);
    settling.worked(LAPTOP, 0.5);
    expect(settling.isDue(LAPTOP, 30_000)).toBe(true);
  });

  it('gives up a device whose times never agree', () => {
    let asked = 0;
    for (let now = 0; now < 1e6; now += 10_000) {
      if (now > 0 && !settling.isDue(LAPTOP, now)) continue;
      asked += 1;
      settling.measured(LAPTOP, times(asked % 2 === 0 ? 10 : 20), now);
    }
    expect(asked).toBe(6);
  });
});
