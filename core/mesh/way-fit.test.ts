import { expect, test } from 'vitest';
import { fitWay, followWay, msOf, steadyOf, type Way, type WaySample } from './way-fit.ts';

const KIB = 1024;
const WAY: Way = { delayMs: 20, msPerByte: 4e-4 };

function samplesOf(way: Way, sizes: readonly number[], factors: readonly number[] = [1]): WaySample[] {
  return sizes.flatMap((bytes) => factors.map((factor) => ({ bytes, ms: factor * msOf(way, bytes) })));
}

function expectWay(found: Way, { delayMs, msPerByte }: Way, share: number): void {
  expect(Math.abs(found.delayMs / delayMs - 1)).toBeLessThanOrEqual(share);
  expect(Math.abs(found.msPerByte / msPerByte - 1)).toBeLessThanOrEqual(share);
}

test('samples on a line give the line', () => {
  expectWay(fitWay(samplesOf(WAY, [KIB, 32 * KIB, 256 * KIB])), WAY, 1e-9);
});

test('one outlier of each size changes nothing', () => {
  expectWay(fitWay(samplesOf(WAY, [KIB, 32 * KIB, 256 * KIB], [1, 9, 1])), WAY, 1e-9);
});

test('neither delay nor bandwidth is ever negative, nor the bandwidth infinite', () => {
  const falling = fitWay([
    { bytes: KIB, ms: 5 },
    { bytes: 256 * KIB, ms: 4 },
  ]);
  expect(falling.msPerByte).toBeGreaterThan(0);
  expect(falling.delayMs).toBeGreaterThan(3);
  const steep = fitWay([
    { bytes: KIB, ms: 0.1 },
    { bytes: 256 * KIB, ms: 400 },
  ]);
  expect(steep.delayMs).toBeGreaterThan(0);
  expect(msOf(steep, 256 * KIB)).toBeGreaterThan(100);
});

test('samples of one size say what that size takes, and leave the rest nearly as it was', () => {
  const bytes = 140_000;
  const slower = { delayMs: 20, msPerByte: 16e-4 };
  const found = followWay(WAY, samplesOf(slower, [bytes], [0.9, 1, 1.1]));
  expect(msOf(found, bytes)).toBeCloseTo(msOf(slower, bytes), -1);
  expect(found.delayMs).toBeLessThan(45);
  expect(found.msPerByte).toBeGreaterThan(14e-4);
});

test('the noise of samples of nearly one size says nothing of the bandwidth', () => {
  const samples = [31_440, 31_480, 31_488, 31_444].map((bytes, i) => ({ bytes, ms: i % 2 === 0 ? 30 : 36 }));
  const found = followWay(WAY, samples);
  expectWay(found, WAY, 0.1);
});

test('samples of two sizes tell a change of the bandwidth from one of the delay', () => {
  for (const other of [
    { delayMs: 20, msPerByte: 16e-4 },
    { delayMs: 90, msPerByte: 4e-4 },
  ]) {
    expectWay(followWay(WAY, samplesOf(other, [4_000, 140_000], [0.95, 1, 1.05])), other, 0.06);
  }
});

test('one sample in five that is ten times too slow moves the way by less than a tenth', () => {
  const found = followWay(WAY, samplesOf(WAY, [140_000], [1, 1, 10, 1, 1]));
  expect(msOf(found, 140_000) / msOf(WAY, 140_000)).toBeLessThan(1.1);
});

test('what a byte takes in a stream is what the largest messages take longer than the next', () => {
  const slowStart = [
    { bytes: KIB, ms: 10 },
    { bytes: 256 * KIB, ms: 110 },
    { bytes: 256 * KIB, ms: 190 },
    { bytes: 1024 * KIB, ms: 148 },
  ];
  expect(steadyOf(slowStart)).toBeCloseTo(38 / (768 * KIB), 9);
  expect(steadyOf(slowStart.slice(0, 3))).toBeUndefined();
  const falling = [
    { bytes: 256 * KIB, ms: 50 },
    { bytes: 1024 * KIB, ms: 40 },
  ];
  expect(steadyOf(falling)).toBeGreaterThan(0);
});
