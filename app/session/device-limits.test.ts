import { describe, expect, test } from 'vitest';
import {
  type DeviceFacts,
  memoryBudget,
  type Overrides,
  readOverrides,
  wasmThreads,
} from './device-limits.ts';

const MB = 1024 ** 2;
const laptop: DeviceFacts = {
  platform: 'Windows',
  form: 'computer',
  cores: 8,
  deviceMemory: 8,
  isolated: true,
};
const phone: DeviceFacts = { ...laptop, platform: 'Android', form: 'phone' };

const free: Overrides = { provider: 'auto', threads: null, memoryBytes: null };

describe('memoryBudget', () => {
  test('is a quarter of what the browser tells, or of a usual device', () => {
    expect(memoryBudget(laptop, free, null)).toBe(2048 * MB);
    expect(memoryBudget({ ...laptop, deviceMemory: undefined }, free, null)).toBe(1024 * MB);
    expect(memoryBudget({ ...phone, deviceMemory: undefined }, free, null)).toBe(512 * MB);
    expect(memoryBudget({ ...phone, deviceMemory: 0.5 }, free, null)).toBe(128 * MB);
  });

  test('stays below what WebKit kills on an iPhone', () => {
    expect(memoryBudget({ ...phone, platform: 'iOS', deviceMemory: 8 }, free, null)).toBe(600 * MB);
  });

  test('learns from earlier visits, but never to take more', () => {
    expect(memoryBudget(laptop, free, 300 * MB)).toBe(300 * MB);
    expect(memoryBudget(laptop, free, 9000 * MB)).toBe(2048 * MB);
  });

  test('is what the address says, whatever else is known', () => {
    const lent = { ...free, memoryBytes: 350e6 };
    expect(memoryBudget(laptop, lent, 100 * MB)).toBe(350e6);
    expect(memoryBudget({ ...phone, platform: 'iOS' }, lent, null)).toBe(350e6);
  });
});

describe('wasmThreads', () => {
  test.each([
    [1, 1],
    [2, 1],
    [4, 2],
    [8, 4],
    [64, 4],
  ])('%i cores: %i', (cores, threads) => {
    expect(wasmThreads({ ...laptop, cores })).toBe(threads);
  });

  test('is one without isolation and on iOS', () => {
    expect(wasmThreads({ ...laptop, isolated: false })).toBe(1);
    expect(wasmThreads({ ...phone, platform: 'iPadOS' })).toBe(1);
  });
});

describe('readOverrides', () => {
  test.each([
    ['', {}],
    ['provider=wasm&threads=2', { provider: 'wasm', threads: 2 }],
    ['provider=webgpu', { provider: 'webgpu' }],
    ['provider=quantum&threads=0', {}],
    ['threads=1e9', {}],
    ['threads=1.5', {}],
    ['threads=', {}],
    ['memory=350', { memoryBytes: 350e6 }],
    ['memory=0.5', { memoryBytes: 0.5e6 }],
    ['memory=-1', {}],
    ['memory=', {}],
    ['memory=lots', {}],
    ['memory=1e99', {}],
  ])('%s', (query, asked) => {
    expect(readOverrides(new URLSearchParams(query))).toEqual({ ...free, ...asked });
  });
});
