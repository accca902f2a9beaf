import { expect, test } from 'vitest';
import { seededRandom } from '../graph/seeded-random.ts';
import { differs, WayEstimate } from './way-estimate.ts';
import { msOf, type Way } from './way-fit.ts';

const KIB = 1024;
const WAY: Way = { delayMs: 20, msPerByte: 4e-4 };
const BYTES = 140_000;
const TINY_MS = 10;

/** An estimate that probes have told of `way`. */
function probed(way: Way): WayEstimate {
  const estimate = new WayEstimate();
  estimate.probed(
    0,
    [KIB, 32 * KIB, 256 * KIB].map((bytes) => ({ bytes, ms: msOf(way, bytes) })),
  );
  return estimate;
}

/** What a message of `bytes` is expected to take. */
function expected(estimate: WayEstimate, bytes: number = BYTES): number {
  return estimate.way ? msOf(estimate.way, bytes) : Number.NaN;
}

test('knows nothing before anything was measured', () => {
  expect(new WayEstimate().way).toBeUndefined();
});

test('without any probe, the first message gives a way', () => {
  const estimate = new WayEstimate();
  estimate.used(0, { bytes: BYTES, ms: 100 }, TINY_MS);
  expect(expected(estimate)).toBeCloseTo(100);
  expect(estimate.way?.delayMs).toBeCloseTo(TINY_MS);
});

test('a stream is never expected to be slower than messages alone', () => {
  const estimate = probed(WAY);
  expect(estimate.steadyMsPerByte).toBeUndefined();
  const at = (bytes: number, msPerByte: number) => ({ bytes, ms: 20 + bytes * msPerByte });
  estimate.probed(1, [
    at(KIB, 4e-4),
    at(256 * KIB, 4e-4),
    { bytes: 1024 * KIB, ms: 20 + 256 * KIB * 4e-4 + 30 },
  ]);
  const steady = estimate.steadyMsPerByte ?? 0;
  expect(steady).toBeCloseTo(30 / (768 * KIB), 9);
  expect(steady).toBeLessThan(estimate.way?.msPerByte ?? 0);
});

test('jitter of a fifth moves the estimate by less than a tenth', () => {
  const estimate = probed(WAY);
  const random = seededRandom(7);
  for (let at = 0; at < 400; at++) {
    const ms = msOf(WAY, BYTES) * (0.8 + 0.4 * random());
    estimate.used(at * 400, { bytes: BYTES, ms }, TINY_MS);
    expect(Math.abs(expected(estimate) / msOf(WAY, BYTES) - 1)).toBeLessThan(0.1);
  }
});

test('a single outlier moves nothing, whenever it comes', () => {
  for (let place = 0; place < 12; place++) {
    const estimate = probed(WAY);
    for (let at = 0; at < 12; at++) {
      const ms = msOf(WAY, BYTES) * (at === place ? 20 : 1);
      estimate.used(at * 400, { bytes: BYTES, ms }, TINY_MS);
      expect(Math.abs(expected(estimate) / msOf(WAY, BYTES) - 1)).toBeLessThan(0.1);
    }
  }
});

test.each([0.2, 0.5, 2, 5])('messages that take %d times as long are believed after three', (factor) => {
  const estimate = probed(WAY);
  let at = 0;
  for (; at < 20; at++) estimate.used(at * 400, { bytes: BYTES, ms: msOf(WAY, BYTES) }, TINY_MS);
  for (let i = 0; i < 3; i++, at++)
    estimate.used(at * 400, { bytes: BYTES, ms: factor * msOf(WAY, BYTES) }, TINY_MS);
  expect(expected(estimate) / (factor * msOf(WAY, BYTES))).toBeCloseTo(1, 1);
  // And stay believed.
  estimate.used(at * 400, { bytes: BYTES, ms: factor * msOf(WAY, BYTES) }, TINY_MS);
  expect(expected(estimate) / (factor * msOf(WAY, BYTES))).toBeCloseTo(1, 1);
});

test('large messages that slow down are noticed among small ones that do not', () => {
  const estimate = probed(WAY);
  const slower = { delayMs: 20, msPerByte: 16e-4 };
  for (let at = 0; at < 6; at++) {
    const bytes = at % 2 === 0 ? BYTES : 4_000;
    estimate.used(at * 200, { bytes, ms: msOf(slower, bytes) }, TINY_MS);
  }
  expect(expected(estimate) / msOf(slower, BYTES)).toBeCloseTo(1, 1);
  expect(estimate.way?.delayMs).toBeLessThan(25);
});

test('what the traffic told counts before probes, until it is a minute old', () => {
  const busy = { delayMs: 20, msPerByte: 4.8e-4 };
  const estimate = probed(WAY);
  for (let at = 0; at < 20; at++) estimate.used(at * 400, { bytes: BYTES, ms: msOf(busy, BYTES) }, TINY_MS);
  const again = (now: number): void =>
    estimate.probed(
      now,
      [KIB, 256 * KIB].map((bytes) => ({ bytes, ms: msOf(WAY, bytes) })),
    );
  again(30_000);
  expect(expected(estimate)).toBeCloseTo(msOf(busy, BYTES), 0);
  again(70_000);
  expect(expected(estimate)).toBeCloseTo(msOf(WAY, BYTES), 0);
});

test('of a device that is slowed by turns, the mean is told, and no change', () => {
  const estimate = probed(WAY);
  const random = seededRandom(5);
  const [quick, slow] = [24, 104];
  for (let at = 0; at < 300; at++) {
    estimate.used(at * 400, { bytes: 4_000, ms: random() < 0.5 ? quick : slow }, TINY_MS);
    if (at < 24) continue;
    expect(expected(estimate, 4_000)).toBeGreaterThan(42);
    expect(expected(estimate, 4_000)).toBeLessThan(86);
  }
});

test('ways differ when an answer or a large activation takes clearly longer', () => {
  expect(differs(WAY, { ...WAY, delayMs: 22 }, 0.15)).toBe(false);
  expect(differs(WAY, { ...WAY, delayMs: 25 }, 0.15)).toBe(true);
  expect(differs(WAY, { ...WAY, msPerByte: 5e-4 }, 0.15)).toBe(true);
});
