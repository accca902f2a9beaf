import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../../core/mesh/clock.ts';
import { memoryWirePair } from '../../../core/mesh/memory-wire.ts';
import type { Wire } from '../../../core/mesh/wire.ts';
import { wireContract } from '../../../core/mesh/wire-contract.ts';
import { CutWire } from './cut-wire.ts';
import { Partition } from './partition.ts';

function cutPair(partition: Partition) {
  const { left, right } = memoryWirePair({ clock: systemClock, mbitPerSec: 100 });
  return { left: new CutWire(left, partition), right };
}

wireContract('a wire of a page that may be cut off', () => ({
  ...cutPair(new Partition()),
  closesBothEnds: true,
}));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function notes(wire: Wire) {
  const heard: string[] = [];
  wire.listen({
    packet: (bytes) => heard.push(String(bytes[0])),
    drained: () => heard.push('drained'),
    closed: () => heard.push('closed'),
  });
  return heard;
}

test('nothing passes either way while the page is cut off, and all of it in order afterwards', async () => {
  const partition = new Partition();
  const { left, right } = cutPair(partition);
  const [atLeft, atRight] = [notes(left), notes(right)];
  partition.cut(1000);
  for (const n of [1, 2, 3]) {
    left.send(Uint8Array.of(n));
    right.send(Uint8Array.of(n));
  }
  await vi.advanceTimersByTimeAsync(900);
  expect([atLeft, atRight]).toEqual([[], []]);
  expect(left.bufferedBytes()).toBe(3);
  await vi.advanceTimersByTimeAsync(200);
  expect([atLeft, atRight]).toEqual([
    ['1', '2', '3'],
    ['1', '2', '3'],
  ]);
  expect(left.bufferedBytes()).toBe(0);
});

test('a wire that is closed while cut off is closed here at once, and there once the page is back', async () => {
  const partition = new Partition();
  const { left, right } = cutPair(partition);
  const [atLeft, atRight] = [notes(left), notes(right)];
  partition.cut(1000);
  left.send(Uint8Array.of(1));
  left.close('silent');
  await vi.advanceTimersByTimeAsync(900);
  expect([atLeft, atRight]).toEqual([['closed'], []]);
  await vi.advanceTimersByTimeAsync(200);
  expect(atRight).toEqual(['closed']);
});

test('a sender that waited for room is told once it is there', async () => {
  const partition = new Partition();
  const { left } = cutPair(partition);
  const heard = notes(left);
  partition.cut(1000);
  for (let i = 0; i < 40; i++) left.send(new Uint8Array(60_000));
  await vi.advanceTimersByTimeAsync(5000);
  expect(heard).toContain('drained');
});
