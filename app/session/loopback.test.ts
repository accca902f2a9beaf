import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../core/mesh/clock.ts';
import { MemoryDialler } from '../../core/mesh/memory-dial.ts';
import { loopbackMsPerByte, packs } from './loopback.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a byte costs each end half of its way through this page', async () => {
  const { dial } = new MemoryDialler(systemClock, { mbitPerSec: 80 });
  const measured = loopbackMsPerByte(dial, systemClock);
  await vi.advanceTimersByTimeAsync(1000);
  // 80 Mbit/s are 1e-4 ms a byte.
  expect(await measured).toBeCloseTo(0.5e-4, 6);
});

test.each([
  ['cannot connect', (dialler: MemoryDialler) => (dialler.refusal = 'no RTC')],
  ['hears nothing', (dialler: MemoryDialler) => (dialler.reachable = false)],
])('a page that %s gives up within 5 s, and leaves nothing behind', async (_, spoil) => {
  const dialler = new MemoryDialler(systemClock, { mbitPerSec: 80 });
  spoil(dialler);
  const measured = loopbackMsPerByte(dialler.dial, systemClock);
  await vi.advanceTimersByTimeAsync(5100);
  expect(await measured).toBeUndefined();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(vi.getTimerCount()).toBe(0);
});

test.each([
  // 512 KiB take 4.2 s, so the second is on its way when time is up.
  ['of which one message arrives', 1, 4e-3],
  ['of which none does', 0.1, 5000 / (512 * 1024) / 2],
])('a slow page, %s, tells what it knows by then', async (_, mbitPerSec, msPerByte) => {
  const { dial } = new MemoryDialler(systemClock, { mbitPerSec });
  const measured = loopbackMsPerByte(dial, systemClock);
  await vi.advanceTimersByTimeAsync(5100);
  expect((await measured) ?? 0).toBeCloseTo(msPerByte, 4);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(vi.getTimerCount()).toBe(0);
});

test('sending costs time where no core is left beside those that compute', () => {
  expect(packs(2, 1)).toBe(true);
  expect(packs(1, 1)).toBe(true);
  expect(packs(4, 2)).toBe(false);
  expect(packs(8, 4)).toBe(false);
});
