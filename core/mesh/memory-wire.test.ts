import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';
import { memoryWirePair } from './memory-wire.ts';
import { wireContract } from './wire-contract.ts';

wireContract('a memory wire', () => ({
  ...memoryWirePair({ clock: systemClock, delayMs: 5, mbitPerSec: 100 }),
  closesBothEnds: true,
}));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function arrivals(wire: ReturnType<typeof memoryWirePair>['right']): { at: number; byte: number }[] {
  const list: { at: number; byte: number }[] = [];
  wire.listen({
    packet: (bytes) => list.push({ at: systemClock.now(), byte: bytes[0] ?? -1 }),
    drained: () => undefined,
    closed: () => undefined,
  });
  return list;
}

test('a packet takes its bytes over the bandwidth plus the delay', async () => {
  const { left, right } = memoryWirePair({ clock: systemClock, delayMs: 30, mbitPerSec: 8 });
  const list = arrivals(right);
  const start = systemClock.now();
  left.send(new Uint8Array(50_000));
  left.send(new Uint8Array(50_000));
  await vi.advanceTimersByTimeAsync(1000);
  expect(list.map(({ at }) => Math.round(at - start))).toEqual([80, 130]);
});

test('jitter lets a later packet overtake', async () => {
  const draws = [0.9, 0.1];
  const random = (): number => draws.shift() ?? 0;
  const { left, right } = memoryWirePair({ clock: systemClock, jitterMs: 10, random });
  const list = arrivals(right);
  left.send(new Uint8Array([1]));
  left.send(new Uint8Array([2]));
  await vi.advanceTimersByTimeAsync(100);
  expect(list.map(({ byte }) => byte)).toEqual([2, 1]);
});

test('a lost packet closes the wire at both ends', async () => {
  const { left, right } = memoryWirePair({ clock: systemClock, lossRate: 0.5, random: () => 0.4 });
  const closed: string[] = [];
  for (const wire of [left, right]) {
    wire.listen({ packet: () => undefined, drained: () => undefined, closed: (why) => closed.push(why) });
  }
  left.send(new Uint8Array(1));
  await vi.advanceTimersByTimeAsync(100);
  expect(closed).toEqual(['a packet was lost for good', 'a packet was lost for good']);
});
