import { describe, expect, it } from 'vitest';
import { type NamedTensor, numbers, verify } from './verify.ts';

function floats(values: number[], name = 'y'): NamedTensor {
  const data = new Uint8Array(new Float32Array(values).buffer);
  return { name, dtype: 'float32', dims: [values.length], data };
}

describe('verify', () => {
  it('accepts equal outputs in any order', () => {
    const outcome = verify([floats([1], 'b'), floats([2, 3], 'a')], [floats([2, 3], 'a'), floats([1], 'b')]);
    expect(outcome).toEqual({ ok: true, maxAbsDiff: 0, maxRelDiff: 0, argmaxEqual: true, findings: [] });
  });

  it('measures differences relative to the largest value of the output', () => {
    const outcome = verify([floats([1000, 1.0625])], [floats([1000, 1])]);
    expect(outcome.maxAbsDiff).toBe(0.0625);
    expect(outcome.maxRelDiff).toBeCloseTo(6.25e-5, 10);
    expect(outcome.ok).toBe(true);
  });

  it('refuses a difference above the tolerance', () => {
    expect(verify([floats([1000, 1.25])], [floats([1000, 1])]).ok).toBe(false);
  });

  it('refuses another largest element, however close', () => {
    const outcome = verify([floats([1, 1.00001])], [floats([1.00001, 1])]);
    expect(outcome).toMatchObject({ ok: false, argmaxEqual: false });
  });

  it.each([
    ['not a number', [floats([Number.NaN, 1])]],
    ['infinity', [floats([Number.POSITIVE_INFINITY, 1])]],
    ['a missing output', []],
    ['another shape', [{ ...floats([0, 1]), dims: [2, 1] }]],
    ['another type', [{ ...floats([0, 1]), dtype: 'int32' }]],
    ['all zero', [floats([0, 0])]],
  ])('refuses %s', (_what, split) => {
    expect(verify(split, [floats([0, 1])]).ok).toBe(false);
  });

  it('refuses not-a-number even where the whole model has it too', () => {
    expect(verify([floats([Number.NaN])], [floats([Number.NaN])]).ok).toBe(false);
  });

  it('refuses a comparison with nothing', () => {
    expect(verify([], []).ok).toBe(false);
  });
});

describe('numbers', () => {
  it('reads half floats', () => {
    const halves = new Uint16Array([0x3c00, 0xc000, 0x0001, 0x7c00, 0x3555]);
    const read = numbers({ name: 'y', dtype: 'float16', dims: [5], data: new Uint8Array(halves.buffer) });
    expect(read).toEqual([1, -2, 2 ** -24, Number.POSITIVE_INFINITY, 0.333251953125]);
  });

  it('reads 64-bit integers', () => {
    const data = new Uint8Array(new BigInt64Array([-3n, 7n]).buffer);
    expect(numbers({ name: 'y', dtype: 'int64', dims: [2], data })).toEqual([-3, 7]);
  });
});
