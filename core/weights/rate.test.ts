import { expect, test } from 'vitest';
import { Rate } from './rate.ts';

test('a steady flow tells how long the rest takes', () => {
  const rate = new Rate();
  expect(rate.secondsLeft(1000)).toBeUndefined();
  for (let ms = 0; ms <= 10_000; ms += 250) rate.add(ms, ms / 10);
  expect(rate.secondsLeft(2000)).toBeCloseTo(10);
  expect(rate.secondsLeft(1000)).toBe(0);
});

test('the last seconds count, not what was before', () => {
  const rate = new Rate();
  for (let ms = 0; ms <= 10_000; ms += 100) rate.add(ms, ms * 100);
  for (let ms = 10_100; ms <= 20_000; ms += 100) rate.add(ms, 1_000_000 + (ms - 10_000));
  expect(rate.secondsLeft(1_020_000)).toBeCloseTo(10, 0);
});

test('half a second, or a standstill, tells nothing; more than all leaves nothing', () => {
  const rate = new Rate();
  rate.add(0, 0);
  rate.add(400, 100);
  expect(rate.secondsLeft(1000)).toBeUndefined();
  rate.add(600, 150);
  expect(rate.secondsLeft(1000)).toBeCloseTo(3.4);
  expect(rate.secondsLeft(100)).toBe(0);
  for (let ms = 5000; ms <= 20_000; ms += 5000) rate.add(ms, 150);
  expect(rate.secondsLeft(1000)).toBeUndefined();
});

test('thousands of chunks in a second are a few samples, and change nothing', () => {
  const rate = new Rate();
  for (let ms = 0; ms <= 3000; ms += 0.25) rate.add(ms, ms);
  expect(rate.secondsLeft(6000)).toBeCloseTo(3, 0);
});
