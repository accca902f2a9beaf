import { describe, expect, test } from 'vitest';
import { type DeviceFacts, memoryBudget, readOverrides, wasmThreads } from './device-limits.ts';

const MB = 1024 ** 2;
const laptop: DeviceFacts = {
  platform: 'Windows',
  form: 'computer',
  cores: 8,
  deviceMemory: 8,
  isolated: true,
};
const phone: DeviceFacts = { ...laptop, platform: 'Android', form: 'phone' };

describe('memoryBudget', () => {
  test('is a quarter of what the browser tells, or of a usual device', () => {
    expect(memoryBudget(laptop)).toBe(2048 * MB);
    expect(memoryBudget({ ...laptop, deviceMemory: undefined })).toBe(1024 * MB);
    expect(memoryBudget({ ...phone, deviceMemory: undefined })).toBe(512 * MB);
    expect(memoryBudget({ ...phone, deviceMemory: 0.5 })).toBe(128 * MB);
  });

  test('stays below what WebKit kills on an iPhone', () => {
    expect(memoryBudget({ ...phone, platform: 'iOS', deviceMemory: 8 })).toBe(600 * MB);
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
    ['', 'auto', null],
    ['provider=wasm&threads=2', 'wasm', 2],
    ['provider=webgpu', 'webgpu', null],
    ['provider=quantum&threads=0', 'auto', null],
    ['threads=1e9', 'auto', null],
    ['threads=1.5', 'auto', null],
    ['threads=', 'auto', null],
  ])('%s', (query, provider, threads) => {
    expect(readOverrides(new URLSearchParams(query))).toEqual({ provider, threads });
  });
});
