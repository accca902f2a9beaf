import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../core/mesh/clock.ts';
import { MemoryDialler } from '../../core/mesh/memory-dial.ts';
import { isCheaper, measurePacking, packs } from './loopback.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a message costs each end half of its way through this page, for itself and for its bytes', async () => {
  const { dial } = new MemoryDialler(systemClock, { mbitPerSec: 80, delayMs: 3 });
  const measured = measurePacking(dial, systemClock);
  await vi.advanceTimersByTimeAsync(1000);
  // 80 Mbit/s are 1e-4 ms a byte.
  const found = await measured;
  expect(found?.msPerMessage).toBeCloseTo(1.5, 0);
  expect(found?.msPerByte).toBeCloseTo(0.5e-4, 6);
});

test.each([
  ['cannot connect', (dialler: MemoryDialler) => (dialler.refusal = 'no RTC')],
  ['hears nothing', (dialler: MemoryDialler) => (dialler.reachable = false)],
])('a page that %s gives up within 5 s, and leaves nothing behind', async (_, spoil) => {
  const dialler = new MemoryDialler(systemClock, { mbitPerSec: 80 });
  spoil(dialler);
  const measured = measurePacking(dialler.dial, systemClock);
  await vi.advanceTimersByTimeAsync(5100);
  expect(await measured).toBeUndefined();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(vi.getTimerCount()).toBe(0);
});

test.each([
  // 512 KiB take 4.2 s, so the second is on its way when time is up.
  ['one large message arrives', 1, 4, 4e-3],
  // The small ones take their second, and the first large one is on its way for four.
  ['small messages arrive', 0.1, 41, 3.8e-3],
  ['hardly anything arrives', 0.001, 2500, 0],
])('a slow page, where %s, tells what it knows by then', async (_, mbitPerSec, perMessage, perByte) => {
  const { dial } = new MemoryDialler(systemClock, { mbitPerSec });
  const measured = measurePacking(dial, systemClock);
  await vi.advanceTimersByTimeAsync(5100);
  const found = await measured;
  expect((found?.msPerMessage ?? 0) / perMessage).toBeCloseTo(1, 0);
  expect(found?.msPerByte).toBeCloseTo(perByte, 3);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(vi.getTimerCount()).toBe(0);
});

test('the measurement during which a browser did least else counts, as a whole', () => {
  const stuck = { msPerMessage: 2500, msPerByte: 0 };
  const late = { msPerMessage: 40, msPerByte: 3e-3 };
  expect(isCheaper(late, stuck)).toBe(true);
  expect(isCheaper(stuck, late)).toBe(false);
});

test('sending costs time where no core is left beside those that compute', () => {
  expect(packs(2, 1)).toBe(true);
  expect(packs(1, 1)).toBe(true);
  expect(packs(4, 2)).toBe(false);
  expect(packs(8, 4)).toBe(false);
});
