import { expect, test } from 'vitest';
import {
  canCompare,
  computeAlike,
  isWithin,
  type NumberTraits,
  type Runtime,
  toleranceFor,
} from './tolerance.ts';

const PLAIN: NumberTraits = { half: false, quantised: false, jumps: false, random: false };
const one: Runtime = { provider: 'wasm', runtime: 'wasm', threads: 1 };
const gpu: Runtime = { provider: 'webgpu', runtime: 'jspi', threads: 1 };
const off = (relative: number) => ({ equal: false, relative, steps: 0, share: 0 });

test('devices that compute otherwise may be further apart, and so may half precision and int8', () => {
  const relative = (a: Runtime, b: Runtime, traits: Partial<NumberTraits> = {}): number =>
    toleranceFor(a, b, { ...PLAIN, ...traits }).relative;
  expect(relative(one, one)).toBeLessThan(relative(one, gpu));
  expect(relative(one, gpu)).toBeLessThan(relative(one, gpu, { half: true }));
  expect(relative(one, one)).toBeLessThan(relative(one, one, { quantised: true }));
});

test('int8 on a GPU, and decisions by comparing between other builds, say nothing', () => {
  expect(canCompare(one, gpu, PLAIN)).toBe(true);
  expect(canCompare(one, gpu, { ...PLAIN, quantised: true })).toBe(false);
  expect(canCompare(one, { ...one, threads: 2 }, { ...PLAIN, quantised: true })).toBe(true);
  expect(canCompare(one, { ...one, threads: 2 }, { ...PLAIN, jumps: true })).toBe(false);
  expect(canCompare(one, one, { ...PLAIN, jumps: true })).toBe(true);
});

test('a step of a whole number is rounding in a quantised model only, and in few of them', () => {
  const step = { equal: false, relative: 0, steps: 1, share: 0.01 };
  const quantised = toleranceFor(one, one, { ...PLAIN, quantised: true });
  expect(isWithin(step, quantised)).toBe(true);
  expect(isWithin({ ...step, share: 0.5 }, quantised)).toBe(false);
  expect(isWithin(step, toleranceFor(one, gpu, PLAIN))).toBe(false);
});

test('int8 in place of float is no rounding between any devices', () => {
  // A weight in 8 bits moves results by half a percent and more.
  expect(isWithin(off(5e-3), toleranceFor(one, gpu, PLAIN))).toBe(false);
});

test('the same build with as many threads gives the same bits', () => {
  expect(computeAlike(one, one)).toBe(true);
  expect(computeAlike(one, { ...one, threads: 2 })).toBe(false);
  expect(computeAlike(one, { ...one, runtime: 'jspi' })).toBe(false);
  expect(computeAlike(gpu, gpu)).toBe(false);
});
