import { describe, expect, it } from 'vitest';
import type { BoundaryTensor } from './shard.types.ts';
import { findStateSlots } from './state-slots.ts';

const tensor = (
  name: string,
  dims: BoundaryTensor['dims'] = [1, 'n', 8],
  dtype: BoundaryTensor['dtype'] = 'float32',
): BoundaryTensor => ({ name, dtype, dims });

const pairs = (inputs: readonly string[], outputs: readonly string[]): string[][] =>
  findStateSlots(
    inputs.map((name) => tensor(name)),
    outputs.map((name) => tensor(name)),
  ).map(({ input, output }) => [input, output]);

describe('a state that goes round', () => {
  it.each([
    ['past_key_values.0.key', 'present.0.key'],
    ['past_key_values.3.decoder.value', 'present.3.decoder.value'],
    ['past_0', 'present_0'],
    ['past', 'present'],
    ['past_conv.2', 'present_conv.2'],
    ['past_key_self_1', 'present_key_self_1'],
    ['state', 'stateN'],
    ['conv_cache', 'conv_cache_out'],
    ['h0', 'hn'],
    ['c_0', 'c_n'],
    ['hidden_in', 'hidden_out'],
    ['in_cache0', 'out_cache0'],
    ['cached_len_0', 'new_cached_len_0'],
    ['cache_last_channel', 'cache_last_channel_next'],
    ['r1i', 'r1o'],
    ['encoder_state.0', 'next_encoder_state.0'],
  ])('is known by its names: %s and %s', (input, output) => {
    expect(pairs(['input', input], ['output', output])).toEqual([[input, output]]);
  });

  it.each([
    ['input', 'output'],
    ['input_image', 'output_image'],
    ['inputImage', 'outputImage'],
    ['data', 'data'],
    ['x', 'y'],
    ['mix', 'enh'],
  ])('is not %s and %s', (input, output) => {
    expect(pairs([input], [output])).toEqual([]);
  });

  it('has one element type, one rank and the same fixed sizes', () => {
    const past = tensor('past_0', [2, 'batch', 4, 'past', 8]);
    const find = (present: BoundaryTensor): number => findStateSlots([past], [present]).length;
    expect(find(tensor('present_0', [2, 'batch', 4, 'total', 8]))).toBe(1);
    expect(find(tensor('present_0', null))).toBe(1);
    expect(find(tensor('present_0', [2, 'batch', 4, 'total', 8], 'float16'))).toBe(0);
    expect(find(tensor('present_0', [2, 'batch', 4, 'total']))).toBe(0);
    expect(find(tensor('present_0', [2, 'batch', 6, 'total', 8]))).toBe(0);
  });

  it('pairs each value once', () => {
    expect(pairs(['past_0', 'past_1', 'past_2'], ['present_1', 'present_0'])).toEqual([
      ['past_0', 'present_0'],
      ['past_1', 'present_1'],
    ]);
    expect(pairs(['state', 'state_in'], ['state_out'])).toHaveLength(1);
  });
});
