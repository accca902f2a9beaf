import fc from 'fast-check';
import type { PlanDevice, PlanLink, PlanRoom } from './room.ts';

interface Size {
  readonly devices: readonly [least: number, most: number];
  readonly blocks: readonly [least: number, most: number];
  /** Also what the file contract does not know: times per item, packing, steady links, devices that must take part, kept ends. */
  readonly ours?: boolean;
}

/** Small enough to enumerate: at most 64 orders of devices, 32 ways to cut. */
export const someRoom: fc.Arbitrary<PlanRoom> = roomOf({ devices: [1, 4], blocks: [1, 6] });

/**
 * Rooms with memory from ample to hopeless; half of them lack links, in some home itself may hold nothing. In some all
 * numbers are small and whole, so that many plans cost the same.
 */
export function roomOf(size: Size): fc.Arbitrary<PlanRoom> {
  return fc
    .record({
      count: fc.integer({ min: size.devices[0], max: size.devices[1] }),
      layers: fc.integer({ min: size.blocks[0], max: size.blocks[1] }),
      apart: oneIn(6),
      complete: fc.boolean(),
      whole: oneIn(4),
      ours: size.ours ? fc.boolean() : fc.constant(false),
      endsAtHome: size.ours ? oneIn(3) : fc.constant(false),
    })
    .chain(({ count, layers, apart, complete, whole, ours, endsAtHome }) => {
      const ids = Array.from({ length: count }, (_, d) => `d${d}`);
      const ends = apart ? ['home', ...ids] : ids;
      const pairs = ends.flatMap((from, at) => ends.slice(at + 1).map((to) => ({ from, to })));
      const bytes = whole ? fc.nat(3).map((n) => n * 12_500) : fc.nat(100_000);
      const block = fc.record({
        weightBytes: whole ? fc.nat(4).map((n) => n * 200) : fc.nat(1000),
        workspaceBytes: fc.nat(300),
        largestTensorBytes: fc.nat(1000),
        outputBytes: bytes,
      });
      return fc.record({
        objective: fc.constant('latency' as const),
        home: fc.constant(ends[0] ?? ''),
        inputBytes: bytes,
        blocks: fc.array(block, { minLength: layers, maxLength: layers }),
        devices: fc.tuple(...ids.map((id) => someDevice(id, layers, whole, ours))),
        links: fc
          .tuple(...pairs.map((pair) => someLinks(pair, complete, whole, ours)))
          .map((links) => links.flat()),
        ...(endsAtHome && { endsAtHome: fc.constant(true) }),
      });
    });
}

function someDevice(id: string, layers: number, whole: boolean, ours: boolean): fc.Arbitrary<PlanDevice> {
  const memoryBytes = fc.oneof(fc.constant(1e9), fc.integer({ min: 200, max: 4000 }));
  const time = whole ? fc.integer({ min: 0, max: 3 }) : double(0.1, 40);
  const times = fc.array(time, { minLength: layers, maxLength: layers });
  const limit = fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.record({ largestTensorBytes: fc.integer({ min: 300, max: 1000 }) }) },
  );
  const extra = fc.record(
    {
      perItemMs: whole ? fc.nat(2) : double(0, 20),
      packMsPerMessage: whole ? fc.nat(2) : double(0, 10),
      packMsPerByte: whole ? fc.constant(0.0001) : double(0, 0.001),
      required: oneIn(4),
    },
    { requiredKeys: [] },
  );
  const slow = whole ? fc.constant(1) : double(0.1, 4);
  return fc
    .tuple(memoryBytes, slow, times, limit, ours ? extra : fc.constant({}))
    .map(([memory, ratio, ms, most, more]) => ({
      id,
      memoryBytes: memory,
      blockMs: ms.map((each) => each * ratio),
      ...most,
      ...more,
    }));
}

/** One entry for both directions, mostly; or one each; or none, unless the room is `complete`. */
function someLinks(
  pair: Pick<PlanLink, 'from' | 'to'>,
  complete: boolean,
  whole: boolean,
  ours: boolean,
): fc.Arbitrary<PlanLink[]> {
  const rate = whole ? fc.constantFrom(50, 100) : double(1, 500);
  const way = fc.record(
    {
      delayMs: whole ? fc.nat(2) : double(0, 20),
      mbitPerSec: fc.oneof(
        { weight: 19, arbitrary: rate },
        { weight: complete ? 0 : 1, arbitrary: fc.constant(0) },
      ),
      ...(ours && { steadyMbitPerSec: rate }),
    },
    { requiredKeys: ['delayMs', 'mbitPerSec'] },
  );
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

function oneIn(count: number): fc.Arbitrary<boolean> {
  return fc.nat(count - 1).map((n) => n === 0);
}

function double(min: number, max: number): fc.Arbitrary<number> {
  return fc.double({ min, max, noNaN: true });
}
