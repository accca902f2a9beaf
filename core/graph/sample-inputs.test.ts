import { describe, expect, it } from 'vitest';
import { asFloat32 } from '../tensor/tensor.ts';
import { completeInputs, concreteDims, guesses, sampleInputs } from './sample-inputs.ts';
import type { BoundaryTensor } from './shard.types.ts';

const input = (
  dims: BoundaryTensor['dims'],
  dtype: BoundaryTensor['dtype'] = 'float32',
  name = 'x',
): BoundaryTensor => ({
  name,
  dtype,
  dims,
});

describe('sampleInputs', () => {
  it('is the same for the same seed only', () => {
    const inputs = [input([2, 3]), input([4], 'int64')];
    expect(sampleInputs(inputs, {}, 5)).toEqual(sampleInputs(inputs, {}, 5));
    expect(sampleInputs(inputs, {}, 5)).not.toEqual(sampleInputs(inputs, {}, 6));
  });

  it('draws only what is not given', () => {
    const inputs = [input([2, 3]), input([4], 'int64', 'constructor')];
    const [drawn, ids] = sampleInputs(inputs, {}, 5);
    const given = { x: { dtype: 'float32' as const, dims: [1], data: new Uint8Array(4) } };
    expect(completeInputs(inputs, given, {}, 5)).toEqual([given.x, ids]);
    expect(completeInputs(inputs, {}, {}, 5)).toEqual([drawn, ids]);
  });

  it('gives fractions, small ids and masks of ones', () => {
    const inputs = [input([64]), input([64], 'int64', 'ids'), input([3], 'int64', 'attention_mask')];
    const [fractions, ids, mask] = sampleInputs(inputs, {}, 1);
    const floats = fractions ? [...asFloat32(fractions)] : [];
    expect(floats.every((each) => each >= 0 && each < 1) && new Set(floats).size > 50).toBe(true);
    const longs = [...new BigInt64Array(ids?.data.buffer ?? new ArrayBuffer(0))];
    expect(longs.every((id) => id >= 0n && id < 8n) && new Set(longs).size > 3).toBe(true);
    expect([...new BigInt64Array(mask?.data.buffer ?? new ArrayBuffer(0))]).toEqual([1n, 1n, 1n]);
  });

  it('writes half-precision fractions', () => {
    const [half] = sampleInputs([input([200], 'float16')], {}, 1);
    const bits = [...new Uint16Array(half?.data.buffer ?? new ArrayBuffer(0))];
    // Below 1.0, which is 0x3c00, and not negative.
    expect(bits.every((each) => each < 0x3c00)).toBe(true);
    expect(new Set(bits.map((each) => each >> 10)).size).toBeGreaterThan(3);
  });

  it('takes sizes by name, and sensible ones elsewhere', () => {
    expect(concreteDims(input(['N', 3, 'H', 'W']), { N: 2, W: 320 })).toEqual([2, 3, 224, 320]);
    expect(concreteDims(input(['N', null, null, 1]), {})).toEqual([1, 224, 224, 1]);
    expect(concreteDims(input(['batch', 'sequence_length'], 'int64'), {})).toEqual([1, 1]);
    expect(concreteDims(input(null), {})).toEqual([1]);
  });

  it('keeps a language model’s past, present and total in step', () => {
    const past = input(['batch', 4, 'past_sequence_length', 8]);
    expect(concreteDims(past, {})).toEqual([1, 4, 0, 8]);
    const total = input(['batch', 'total_sequence_length'], 'int64');
    expect(concreteDims(total, { sequence_length: 5, past_sequence_length: 2 })).toEqual([1, 7]);
    const sum = input(['past_sequence_length + sequence_length'], 'int64');
    expect(concreteDims(sum, { sequence_length: 5 })).toEqual([5]);
  });

  it('has other guesses, which leave known sizes and named ones alone', () => {
    const inputs = [input(['N', 'T', 3]), input([2], 'int64', 'ids')];
    const tried = [...guesses(inputs)].map((guess) => sampleInputs(inputs, { N: 5 }, 1, guess));
    const shapes = new Set(tried.map(([x]) => String(x?.dims)));
    expect(shapes).toContain('5,1,3');
    expect(shapes).toContain('5,0,3');
    expect(shapes).toContain('5,16,3');
    expect(tried.some(([, ids]) => ids?.data.every((byte) => byte === 0))).toBe(true);
    expect([...guesses([input([1, 3])])]).toHaveLength(1);
  });

  it('refuses sizes that no device can hold', () => {
    expect(() => sampleInputs([input(['N', 1_000_000])], { N: 1_000_000 }, 1)).toThrow(
      expect.objectContaining({ name: 'InputError' }),
    );
    expect(() => sampleInputs([input(['N'])], { N: -1 }, 1)).toThrow(
      expect.objectContaining({ name: 'InputError' }),
    );
  });
});
