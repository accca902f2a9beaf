import fc from 'fast-check';
import type { PlanRoom } from './room.ts';

const SOME_MS = fc.double({ min: 0.1, max: 40, noNaN: true });

/**
 * Rooms small enough to enumerate: 1 to 4 devices, 1 to 6 blocks, memory from ample to hopeless, and in half of
 * them missing or one-way-faster links. In some home itself may hold nothing.
 */
export const someRoom: fc.Arbitrary<PlanRoom> = fc
  .record({
    count: fc.integer({ min: 1, max: 4 }),
    blocks: fc.array(
      fc.record({
        weightBytes: fc.nat(1000),
        workspaceBytes: fc.nat(300),
        outputBytes: fc.nat(100_000),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    memory: fc.array(fc.oneof(fc.constant(1e9), fc.integer({ min: 200, max: 4000 })), {
      minLength: 4,
      maxLength: 4,
    }),
    speed: fc.array(fc.double({ min: 0.1, max: 4, noNaN: true }), { minLength: 4, maxLength: 4 }),
    blockMs: fc.array(SOME_MS, { minLength: 24, maxLength: 24 }),
    links: fc.array(
      fc.record({
        kind: fc.constantFrom('both', 'both', 'both', 'two', 'none'),
        delayMs: fc.double({ min: 0, max: 20, noNaN: true }),
        mbitPerSec: fc.double({ min: 1, max: 500, noNaN: true }),
      }),
      { minLength: 10, maxLength: 10 },
    ),
    complete: fc.boolean(),
    homeless: fc.nat(5).map((n) => n === 0),
    inputBytes: fc.nat(100_000),
  })
  .map(({ count, blocks, memory, speed, blockMs, links, complete, homeless, inputBytes }) => {
    const ids = ['A', 'B', 'C', 'D'].slice(0, count);
    const ends = homeless ? ['home', ...ids] : ids;
    const pairs = ends.flatMap((from, at) => ends.slice(at + 1).map((to) => ({ from, to })));
    return {
      objective: 'latency',
      home: homeless ? 'home' : 'A',
      inputBytes,
      blocks,
      devices: ids.map((id, d) => ({
        id,
        memoryBytes: memory[d] ?? 0,
        blockMs: blocks.map((_, b) => (blockMs[b * 4 + d] ?? 1) * (speed[d] ?? 1)),
      })),
      links: pairs.flatMap(({ from, to }, at) => {
        const { kind = 'both', delayMs = 1, mbitPerSec = 10 } = links[at] ?? {};
        if (kind === 'none' && !complete) return [];
        const there = { from, to, delayMs, mbitPerSec };
        return kind === 'two'
          ? [there, { from: to, to: from, delayMs: delayMs / 2, mbitPerSec: 300 }]
          : [there];
      }),
    };
  });
