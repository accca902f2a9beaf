import { expect, test } from 'vitest';
import type { BoundaryTensor } from '../graph/shard.types.ts';
import { encoderIo } from './encoder-io.ts';

const row = (name: string, dtype: BoundaryTensor['dtype'] = 'int64'): BoundaryTensor => ({
  name,
  dtype,
  dims: ['batch', 'sequence'],
});
const hidden: BoundaryTensor = { name: 'last_hidden_state', dtype: 'float32', dims: ['b', 's', 384] };
const pooled: BoundaryTensor = { name: 'sentence_embedding', dtype: 'float32', dims: ['b', 384] };

test('an encoder as exporters write it is known by its names', () => {
  const inputs = [row('input_ids'), row('attention_mask'), row('token_type_ids')];
  const io = encoderIo({ inputs, outputs: [hidden] });
  expect(io?.inputs.map(({ role }) => role)).toEqual(['ids', 'mask', 'types']);
  expect(io?.output).toBe(0);
});

test('a vector of the whole text goes before those of tokens', () => {
  expect(encoderIo({ inputs: [row('input_ids')], outputs: [hidden, pooled] })?.output).toBe(1);
});

test.each([
  ['a decoder', { inputs: [row('input_ids')], outputs: [{ ...hidden, name: 'logits' }] }],
  ['a network for pictures', { inputs: [{ ...hidden, name: 'image' }], outputs: [hidden] }],
  ['an unknown input', { inputs: [row('input_ids'), row('pixels')], outputs: [hidden] }],
  ['no ids', { inputs: [row('attention_mask')], outputs: [hidden] }],
  ['words as texts', { inputs: [row('input_ids', 'float32')], outputs: [hidden] }],
  ['integers as vectors', { inputs: [row('input_ids')], outputs: [{ ...hidden, dtype: 'int64' as const }] }],
  ['a state', { inputs: [row('input_ids')], outputs: [hidden], states: [{ input: 'a', output: 'b' }] }],
])('%s is none', (_, ends) => expect(encoderIo(ends)).toBeNull());
