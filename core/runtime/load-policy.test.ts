import { describe, expect, test } from 'vitest';
import { usableBytes, workerBytes } from './footprint.ts';
import { loadPolicy } from './load-policy.ts';

const MB = 1e6;

describe('loadPolicy', () => {
  test.each([
    ['wasm', 150, 350, true],
    ['wasm', 160, 350, false],
    ['wasm', 280, 350, false],
    ['wasm', 280, 2000, true],
    ['webgpu', 280, 350, true],
    ['cuda', 280, 350, true],
  ] as const)('on %s, %i MB of weights within %i MB: prepack %s', (provider, weights, budget, prepack) => {
    const facts = { provider, weightBytes: weights * MB, budgetBytes: budget * MB };
    expect(loadPolicy(facts)).toEqual({ prepack });
  });

  test('what a device says it may hold fits into its worker without prepacking', () => {
    for (const budget of [100, 350, 600, 2000]) {
      const usable = usableBytes(budget * MB);
      expect(workerBytes(usable)).toBeLessThanOrEqual(budget * MB);
      expect(workerBytes(usable + 2)).toBeGreaterThan(budget * MB);
    }
    expect(usableBytes(10 * MB)).toBe(0);
  });
});
