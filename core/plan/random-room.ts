import fc from 'fast-check';
import type { PlanLink, PlanRoom } from './room.ts';

interface Size {
  readonly devices: readonly [least: number, most: number];
  readonly blocks: readonly [least: number, most: number];
}

/** Small enough to enumerate: at most 64 orders of devices, 32 ways to cut. */
export const someRoom: fc.Arbitrary<PlanRoom> = roomOf({ devices: [1, 4], blocks: [1, 6] });

/** Rooms with memory from ample to hopeless; half of them lack links, in some home itself may hold nothing. */
export function roomOf(size: Size): fc.Arbitrary<PlanRoom> {
  return fc
    .record({
      count: fc.integer({ min: size.devices[0], max: size.devices[1] }),
      layers: fc.integer({ min: size.blocks[0], max: size.blocks[1] }),
      apart: fc.nat(5).map((n) => n === 0),
      complete: fc.boolean(),
    })
    .chain(({ count, layers, apart, complete }) => {
      const ids = Array.from({ length: count }, (_, d) => `d${d}`);
      const ends = apart ? ['home', ...ids] : ids;
      const pairs = ends.flatMap((from, at) => ends.slice(at + 1).map((to) => ({ from, to })));
      return fc.record({
        objective: fc.constant('latency' as const),
        home: fc.constant(ends[0] ?? ''),
        inputBytes: fc.nat(100_000),
        blocks: fc.array(someBlock, { minLength: layers, maxLength: layers }),
        devices: fc.tuple(...ids.map((id) => someDevice(id, layers))),
        links: fc.tuple(...pairs.map((pair) => someLinks(pair, complete))).map((links) => links.flat()),
      });
    });
}

const someBlock = fc.record({
  weightBytes: fc.nat(1000),
  workspaceBytes: fc.nat(300),
  largestTensorBytes: fc.nat(1000),
  outputBytes: fc.nat(100_000),
});

function someDevice(id: string, layers: number): fc.Arbitrary<PlanRoom['devices'][number]> {
  const memoryBytes = fc.oneof(fc.constant(1e9), fc.integer({ min: 200, max: 4000 }));
  const times = fc.array(double(0.1, 40), { minLength: layers, maxLength: layers });
  const limit = fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.record({ largestTensorBytes: fc.integer({ min: 300, max: 1000 }) }) },
  );
  return fc.tuple(memoryBytes, double(0.1, 4), times, limit).map(([memory, slow, ms, most]) => ({
    id,
    memoryBytes: memory,
    blockMs: ms.map((time) => time * slow),
    ...most,
  }));
}

/** One entry for both directions, mostly; or one each; or none, unless the room is `complete`. */
function someLinks(pair: Pick<PlanLink, 'from' | 'to'>, complete: boolean): fc.Arbitrary<PlanLink[]> {
  const way = fc.record({ delayMs: double(0, 20), mbitPerSec: double(1, 500) });
  const back = { from: pair.to, to: pair.from };
  return fc.oneof(
    { weight: 3, arbitrary: way.map((there) => [{ ...pair, ...there }]) },
    {
      weight: 1,
      arbitrary: fc.tuple(way, way).map(([there, here]) => [
        { ...pair, ...there },
        { ...back, ...here },
      ]),
    },
    { weight: complete ? 0 : 1, arbitrary: fc.constant<PlanLink[]>([]) },
  );
}

function double(min: number, max: number): fc.Arbitrary<number> {
  return fc.double({ min, max, noNaN: true });
}
