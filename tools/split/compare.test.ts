import { describe, expect, it } from 'vitest';
import { fromFloat32, type Tensor, tensor } from '../../core/tensor/tensor.ts';
import { compare } from './compare.ts';

const of = (...values: number[]): Tensor => fromFloat32([values.length], Float32Array.from(values));

describe('compare', () => {
  it('calls the same bits equal, not-a-number included', () => {
    expect(compare([of(1, Number.NaN, Infinity)], [of(1, Number.NaN, Infinity)])).toMatchObject({
      bitEqual: true,
      equal: true,
      maxAbs: 0,
    });
  });

  it('measures against the largest magnitude of the output', () => {
    const difference = compare([of(1000, 1)], [of(1000, 1.05)]);
    expect(difference.maxAbs).toBeCloseTo(0.05);
    expect(difference.maxRel).toBeCloseTo(0.00005);
    expect(difference.equal).toBe(true);
    expect(compare([of(10, 1)], [of(10, 1.05)]).equal).toBe(false);
  });

  it('wants the same argmax', () => {
    expect(compare([of(5, 4.9999)], [of(4.9999, 5)])).toMatchObject({ argmaxEqual: false, equal: false });
    const tie = compare([of(5, 5, 1)], [of(4.999999, 5, 1)]);
    expect(tie).toMatchObject({ argmaxEqual: true, equal: true });
  });

  it('calls numbers against not-a-number, other shapes, other types and missing outputs different', () => {
    expect(compare([of(1, 2)], [of(1, Number.NaN)]).equal).toBe(false);
    expect(compare([of(1, 2)], [of(1)]).equal).toBe(false);
    expect(compare([of(1)], [tensor('int32', [1], new Uint8Array(4))]).equal).toBe(false);
    expect(compare([of(1), of(2)], [of(1)]).equal).toBe(false);
  });

  it('allows half-precision outputs their rounding', () => {
    const half = (bits: number): Tensor =>
      tensor('float16', [1], new Uint8Array(Uint16Array.of(bits).buffer));
    // 1 and the next number above it; 1 and 1.25.
    expect(compare([half(0x3c00)], [half(0x3c01)])).toMatchObject({ bitEqual: false, equal: true });
    expect(compare([half(0x3c00)], [half(0x3d00)]).equal).toBe(false);
  });
});
