import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../../core/mesh/clock.ts';
import { memoryWirePair } from '../../../core/mesh/memory-wire.ts';
import { wireContract } from '../../../core/mesh/wire-contract.ts';
import type { LinkShape } from './link-shape.ts';
import { ShapedWire } from './shaped-wire.ts';

function shapedPair(shape: LinkShape): { left: ShapedWire; right: ShapedWire } {
  const { left, right } = memoryWirePair({ clock: systemClock });
  return {
    left: new ShapedWire(left, shape, systemClock),
    right: new ShapedWire(right, shape, systemClock),
  };
}

wireContract('a shaped wire', () => ({
  ...shapedPair({ delayMs: 5, mbitPerSec: 100 }),
  closesBothEnds: true,
}));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** The memory wire behind takes a tick of the fake clock. */
const TICK = 1;

/** When packets come out of the shape, in ms from now. */
function arrivals(wire: ShapedWire): number[] {
  const start = systemClock.now();
  const list: number[] = [];
  wire.listen({
    packet: () => list.push(Math.round(systemClock.now() - start) - TICK),
    drained: () => undefined,
    closed: () => undefined,
  });
  return list;
}

test('a packet takes its bytes over the bandwidth plus the delay, and the next waits for it', async () => {
  const { left, right } = shapedPair({ delayMs: 30, mbitPerSec: 8 });
  const list = arrivals(right);
  left.send(new Uint8Array(10_000));
  left.send(new Uint8Array(20_000));
  await vi.advanceTimersByTimeAsync(1000);
  expect(list).toEqual([40, 60]);
});

test('what waits counts as buffered, what is under way does not', async () => {
  const { left } = shapedPair({ delayMs: 100, mbitPerSec: 8 });
  left.send(new Uint8Array(10_000));
  left.send(new Uint8Array(10_000));
  expect(left.bufferedBytes()).toBe(20_000);
  await vi.advanceTimersByTimeAsync(11);
  expect(left.bufferedBytes()).toBe(10_000);
});

test('the shape may change while packets are on their way', async () => {
  const shape = { delayMs: 10, mbitPerSec: Number.POSITIVE_INFINITY };
  const { left, right } = shapedPair(shape);
  const list = arrivals(right);
  left.send(new Uint8Array(1));
  shape.delayMs = 50;
  left.send(new Uint8Array(1));
  await vi.advanceTimersByTimeAsync(1000);
  expect(list).toEqual([10, 50]);
});

test('what waits when the wire closes is gone, quietly', async () => {
  const { left, right } = shapedPair({ delayMs: 10, mbitPerSec: 8 });
  const list = arrivals(right);
  left.send(new Uint8Array(1000));
  left.close('enough');
  await vi.advanceTimersByTimeAsync(1000);
  expect(list).toEqual([]);
});
