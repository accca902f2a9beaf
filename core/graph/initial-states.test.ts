import { expect, test } from 'vitest';
import { initialStates } from './initial-states.ts';
import type { BoundaryTensor } from './shard.types.ts';

function initial(
  name: string,
  dims: BoundaryTensor['dims'],
  sizes: Readonly<Record<string, number>> = {},
): readonly number[] | undefined {
  const state = { input: name, output: 'next', block: 3 };
  return initialStates([{ name, dtype: 'float32', dims }], [state], sizes)[0]?.initial;
}

test('a past begins empty, whatever the plan was made for; other sizes are those in use', () => {
  const dims = ['batch', 4, 'past_sequence_length', 8];
  expect(initial('past_key_values.0.key', dims, { batch: 2, past_sequence_length: 16 })).toEqual([
    2, 4, 0, 8,
  ]);
  expect(initial('past_0', [2, 'batch_size', 4, 'past_seq_len', 8])).toEqual([2, 1, 4, 0, 8]);
});

test('a state of fixed size has it from the start, for a batch of 1 where that is open', () => {
  expect(initial('state', [2, null, 128])).toEqual([2, 1, 128]);
  expect(initial('past_conv.0', ['batch_size', 32, 4])).toEqual([1, 32, 4]);
});

test('a cache whose length has no name that says so is not begun from a guess', () => {
  expect(initial('past_key_values.0.key', [null, 4, null, 8])).toBeUndefined();
  expect(initial('kv_cache', [1, 'n', 8])).toBeUndefined();
  expect(initial('state', null)).toBeUndefined();
});
