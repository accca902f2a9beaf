import { describe, expect, it } from 'vitest';
import { fromBytes, toBytes } from './tensors.ts';

describe('tensors of a site', () => {
  it.each([
    ['float32', new Float32Array([1.5, -2])],
    ['float64', new Float64Array([1e300, 2])],
    ['int8', new Int8Array([-1, 2])],
    ['uint8', new Uint8Array([255, 2])],
    ['int16', new Int16Array([-1, 2])],
    ['uint16', new Uint16Array([65_535, 2])],
    ['int32', new Int32Array([-1, 2])],
    ['uint32', new Uint32Array([2 ** 32 - 1, 2])],
    ['int64', new BigInt64Array([-1n, 2n])],
    ['uint64', new BigUint64Array([2n ** 64n - 1n, 2n])],
  ])('go and come as %s by the kind of array', (dtype, data) => {
    const sent = toBytes({ x: { data, dims: [2] } }).feeds.x;
    expect(sent).toMatchObject({ dtype, dims: [2] });
    expect(sent && fromBytes(sent)).toEqual({ dtype, dims: [2], data });
  });

  it.each([
    ['float16', new Uint16Array([0x3c00])],
    ['bool', new Uint8Array([1])],
  ] as const)('of type %s are named, as their arrays are those of another type', (dtype, data) => {
    const sent = toBytes({ x: { data, dims: [1], dtype } }).feeds.x;
    expect(sent && fromBytes(sent)).toEqual({ dtype, dims: [1], data });
  });

  it('take only the part that a view shows, and leave it with the caller', () => {
    const whole = new Float32Array([1, 2, 3, 4]);
    const { feeds, buffers } = toBytes({ x: { data: whole.subarray(1, 3), dims: [2] } });
    expect(feeds.x?.data.byteLength).toBe(8);
    expect(buffers).toEqual([feeds.x?.data.buffer]);
    expect(buffers[0]).not.toBe(whole.buffer);
  });

  it.each([
    ['a list of numbers', { data: [1, 2] as unknown as Float32Array, dims: [2] }, /typed array/],
    ['no dims', { data: new Float32Array(1) } as unknown as { data: Float32Array; dims: [] }, /dims/],
    ['int64 in a Float32Array', { data: new Float32Array(1), dims: [1], dtype: 'int64' as const }, /int64/],
  ])('are refused when they are %s', (_what, input, said) => {
    expect(() => toBytes({ x: input })).toThrow(
      expect.objectContaining({ name: 'InputError', message: expect.stringMatching(said) }),
    );
  });
});
