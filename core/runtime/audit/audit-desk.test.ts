import { describe, expect, it } from 'vitest';
import type { PeerId } from '../../ids.ts';
import { DeskScene, type SceneDevice } from './desk-scene.ts';

const device = (letter: string, more: Partial<SceneDevice> = {}): SceneDevice => ({
  peer: letter.repeat(16) as PeerId,
  provider: 'wasm',
  threads: 1,
  ...more,
});
const gpu = { provider: 'webgpu' } as const;
/** Two of the same build, one with more threads, two on GPUs. */
const ROOM = [device('a'), device('b'), device('c', { threads: 2 }), device('d', gpu), device('e', gpu)];
const idle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const HONEST_HOPS = 10_000;

type Lie = NonNullable<SceneDevice['lie']>;
const oneBit =
  (bit: number): Lie =>
  (values) => {
    const words = new Uint32Array(values.buffer);
    words[5] = (words[5] ?? 0) ^ (1 << bit);
  };
const stale: Lie = (values) => values.set(values.map((value) => value * 1.02 + 0.01));
/** 127 steps to the largest number, as one of 8 bits has them. */
const coarse: Lie = (values) => {
  const step = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
  values.set(values.map((value) => Math.round(value / step) * step));
};

/** The room with a liar at this place, and as many runs of its stage as it takes to find it. */
async function hopsUntilFound(at: number, lie: Lie, room: readonly SceneDevice[] = ROOM): Promise<DeskScene> {
  const scene = new DeskScene(
    room.map((each, place) => (place === at ? { ...each, lie } : each)),
    idle,
  );
  for (let hop = 0; hop < 12 && scene.found.length === 0; hop++) await scene.hop(at);
  return scene;
}

describe('the leader’s desk', () => {
  it(`accuses nobody in ${HONEST_HOPS} runs of honest devices of all kinds`, async () => {
    const scene = new DeskScene(ROOM, idle);
    for (let hop = 0; hop < HONEST_HOPS; hop++) await scene.hop(hop % ROOM.length);
    expect(scene.found).toEqual([]);
    expect(scene.counts).toEqual({ checked: HONEST_HOPS, skipped: 0, undecided: 0 });
  }, 120_000);

  it.each([
    ['a bit of the exponent', oneBit(27)],
    ['a bit high in the fraction', oneBit(21)],
    ['weights of another version', stale],
    ['steps of int8', coarse],
  ])('finds %s at the first run, on any kind of device', async (_, lie) => {
    for (const at of [1, 2, 3]) {
      const { found } = await hopsUntilFound(at, lie);
      expect(found.map(({ peer }) => peer)).toEqual([ROOM[at]?.peer]);
      expect(found[0]?.evidence.recomputedBy).toHaveLength(2);
    }
  });

  it('finds the last bit where another device computes the same bits, once it comes again and again', async () => {
    const { found } = await hopsUntilFound(1, oneBit(0), [device('a'), device('b'), device('f')]);
    expect(found.map(({ peer }) => peer)).toEqual([device('b').peer]);
    expect(found[0]?.evidence).toMatchObject({ times: 3, tolerance: 0 });
  });

  it('does not find the last bit between devices that round otherwise', async () => {
    expect((await hopsUntilFound(1, oneBit(0), [device('a', gpu), device('b')])).found).toEqual([]);
  });

  it('a device that computes it again wrongly is found, not the holder that was right', async () => {
    const scene = new DeskScene([device('a'), device('b'), device('f', { lie: stale })], idle);
    for (let hop = 0; hop < 12 && scene.found.length === 0; hop++) await scene.hop(1);
    expect(scene.found.map(({ peer }) => peer)).toEqual([device('f').peer]);
  });

  it('of two devices, what the leader computes decides', async () => {
    const { found } = await hopsUntilFound(1, stale, [device('a'), device('b')]);
    expect(found.map(({ peer }) => peer)).toEqual([device('b').peer]);
    expect(found[0]?.evidence.recomputedBy).toEqual(['a']);
  });

  it('one against one without a third is told, and nobody set aside', async () => {
    // The leader has memory for its own stage alone.
    const small = device('a', { memoryBytes: 150 });
    const { found, counts } = await hopsUntilFound(1, stale, [small, device('b'), device('f')]);
    expect(found).toEqual([]);
    expect(counts.undecided).toBeGreaterThan(0);
  });

  it('what nobody has memory for is not checked, and counted', async () => {
    const small = { memoryBytes: 150 };
    const scene = await hopsUntilFound(1, stale, [device('a', small), device('b', small)]);
    expect(scene.found).toEqual([]);
    expect(scene.counts).toMatchObject({ checked: 0, skipped: 12 });
  });
});
