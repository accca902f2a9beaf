import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from '../errors.ts';
import { type MessageKind, PACKET_HEADER_BYTES } from './packet.ts';
import { Reassembler } from './reassembler.ts';

/** Bytes that tell where they belong. */
function pattern(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).map((_, i) => (i * 31) % 251);
}

function add(
  into: Reassembler,
  whole: Uint8Array,
  [start, end]: readonly [number, number],
  {
    kind = 'activation',
    message = 1,
    total = whole.byteLength,
  }: { kind?: MessageKind; message?: number; total?: number } = {},
): Uint8Array | undefined {
  const packet = new Uint8Array(PACKET_HEADER_BYTES + end - start);
  packet.set(whole.subarray(start, end), PACKET_HEADER_BYTES);
  return into.add({ kind, sequence: 1, acknowledged: 0, message, total, offset: start }, packet);
}

test('slices of any size in any order make the message', () => {
  const cases = fc.integer({ min: 2, max: 300 }).chain((length) =>
    fc
      .tuple(fc.constant(length), fc.uniqueArray(fc.integer({ min: 1, max: length - 1 }), { minLength: 1 }))
      .chain(([, cuts]) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), length];
        const slices = edges.slice(1).map((end, i) => [edges[i] ?? 0, end] as const);
        return fc.tuple(fc.constant(length), fc.shuffledSubarray(slices, { minLength: slices.length }));
      }),
  );
  fc.assert(
    fc.property(cases, ([length, slices]) => {
      const into = new Reassembler();
      const whole = pattern(length);
      const results = slices.map((slice) => add(into, whole, slice));
      expect(results.slice(0, -1).every((r) => r === undefined)).toBe(true);
      expect(results.at(-1)).toEqual(whole);
      expect(into.unfinished).toBe(0);
    }),
  );
});

test('a message in one packet is handed on without a copy, aligned to 8', () => {
  const packet = new Uint8Array(PACKET_HEADER_BYTES + 5);
  const message = new Reassembler().add(
    { kind: 'shard', sequence: 1, acknowledged: 0, message: 1, total: 5, offset: 0 },
    packet,
  );
  expect(message?.buffer).toBe(packet.buffer);
  expect((message?.byteOffset ?? 1) % 8).toBe(0);
});

test('a packet inside a larger buffer is copied, because its buffer may be shared', () => {
  const pool = new Uint8Array(1024);
  const packet = pool.subarray(8, 8 + PACKET_HEADER_BYTES + 5);
  const message = new Reassembler().add(
    { kind: 'shard', sequence: 1, acknowledged: 0, message: 1, total: 5, offset: 0 },
    packet,
  );
  expect(message?.buffer).not.toBe(pool.buffer);
});

test.each([
  [
    'a duplicate',
    [
      [0, 4],
      [0, 4],
    ],
  ],
  [
    'an overlap on the left',
    [
      [4, 8],
      [2, 5],
    ],
  ],
  [
    'an overlap on the right',
    [
      [4, 8],
      [7, 9],
    ],
  ],
  [
    'a slice inside a joined run',
    [
      [0, 4],
      [4, 8],
      [3, 5],
    ],
  ],
] as const)('%s is refused', (_, slices) => {
  const into = new Reassembler();
  const whole = pattern(10);
  for (const slice of slices.slice(0, -1)) add(into, whole, slice);
  expect(() => add(into, whole, slices.at(-1) ?? [0, 0])).toThrow(ProtocolError);
});

test('a slice that disagrees about the total is refused', () => {
  const into = new Reassembler();
  add(into, pattern(10), [0, 4]);
  expect(() => add(into, pattern(10), [4, 8], { total: 11 })).toThrow(ProtocolError);
});

test.each([
  ['control', 2 ** 20],
  ['activation', 2 ** 28],
  ['shard', 2 ** 24 + 8],
] as const)('a %s message over its limit is refused before anything is allocated', (kind, limit) => {
  const into = new Reassembler();
  expect(() => add(into, pattern(8), [0, 8], { kind, total: limit + 1 })).toThrow(ProtocolError);
  expect(into.unfinished).toBe(0);
});

test('the 129th unfinished message is refused, and one more fits after a drop', () => {
  const into = new Reassembler();
  for (let message = 0; message < 128; message++) add(into, pattern(10), [0, 4], { message });
  expect(() => add(into, pattern(10), [0, 4], { message: 128 })).toThrow(ProtocolError);
  into.drop('activation', 3);
  expect(add(into, pattern(10), [0, 4], { message: 128 })).toBeUndefined();
});

test('a giant length that is only announced takes no memory; what arrives does, at most eightfold', () => {
  const into = new Reassembler();
  const whole = pattern(2 ** 20);
  let arrived = 0;
  for (let message = 0; message < 128; message++) {
    add(into, whole, [0, 2 ** 16], { message, total: 2 ** 28 });
    arrived += 2 ** 16;
    expect(into.unfinishedBytes).toBeLessThan(2 * arrived);
  }
  for (let at = 2 ** 16; at < 2 ** 20; at += 2 ** 16) {
    add(into, whole, [at, at + 2 ** 16], { message: 5, total: 2 ** 28 });
  }
  into.drop('activation', 5);
  const before = into.unfinishedBytes;
  add(into, whole, [0, 2 ** 17], { message: 5, total: 2 ** 20 });
  expect(into.unfinishedBytes - before).toBe(2 ** 20);
});

test('slices of a byte each count as what they take', () => {
  const into = new Reassembler();
  const whole = pattern(1000);
  for (let at = 0; at < 1000; at++) add(into, whole, [at, at + 1], { total: 2 ** 28 });
  expect(into.unfinishedBytes).toBeGreaterThan(1000 * (PACKET_HEADER_BYTES + 1 + 200));
});

test('unfinished messages hold at most 288 MiB in total', () => {
  const into = new Reassembler();
  const eighth = pattern(2 ** 25);
  add(into, eighth, [0, 2 ** 25], { message: 1, total: 2 ** 28 });
  expect(() => add(into, eighth, [0, 2 ** 25], { message: 2, total: 2 ** 28 })).toThrow(ProtocolError);
});

test('a message may not be scattered into ever more runs', () => {
  const into = new Reassembler();
  const whole = pattern(10_000);
  expect(() => {
    for (let at = 0; at < 9000; at += 2) add(into, whole, [at, at + 1]);
  }).toThrow(ProtocolError);
});
