import { expect, test } from 'vitest';
import type { BoundaryTensor } from '../graph/shard.types.ts';
import { decoderFeeds } from './decoder-feeds.ts';
import { decoderIo } from './decoder-io.ts';

const input = (
  name: string,
  dtype: BoundaryTensor['dtype'],
  dims: BoundaryTensor['dims'],
): BoundaryTensor => ({ name, dtype, dims });

const IDS = input('input_ids', 'int64', ['batch', 'tokens']);
const PAST = input('past_key_values.0.key', 'float32', ['batch', 4, 'past', 8]);
const LOGITS = input('logits', 'float16', ['batch', 'tokens', 512]);
const PRESENT = input('present.0.key', 'float32', ['batch', 4, 'total', 8]);
const STATES = [{ input: PAST.name, output: PRESENT.name }];
const ends = (...more: BoundaryTensor[]) => ({
  inputs: [IDS, ...more, PAST],
  outputs: [LOGITS, PRESENT],
  states: STATES,
});

test('finds what each input of a decoder is for, whatever of them there is', () => {
  const io = decoderIo(
    ends(
      input('attention_mask', 'int64', ['batch', 'total']),
      input('position_ids', 'int32', ['batch', 'tokens']),
      input('num_logits_to_keep', 'int64', []),
      input('use_cache_branch', 'bool', [1]),
    ),
  );
  expect(io?.inputs.map(({ role }) => role)).toEqual(['ids', 'mask', 'positions', 'scored', 'cached']);
  expect(io).toMatchObject({ scores: { name: 'logits' }, vocabulary: 512 });
  expect(decoderIo(ends())?.inputs.map(({ role }) => role)).toEqual(['ids']);
});

test('what has other inputs, keeps nothing, or has no scores is no decoder', () => {
  expect(decoderIo(ends(input('pixel_values', 'float32', [1, 3, 224, 224])))).toBeNull();
  expect(decoderIo(ends(input('encoder_hidden_states', 'float32', [1, 'n', 64])))).toBeNull();
  expect(decoderIo({ ...ends(), states: [] })).toBeNull();
  expect(decoderIo({ ...ends(), outputs: [PRESENT] })).toBeNull();
  const twoDims = { ...LOGITS, dims: ['batch', 512] };
  expect(decoderIo({ ...ends(), outputs: [twoDims, PRESENT] })).toBeNull();
  expect(decoderIo({ ...ends(), outputs: [{ ...LOGITS, dtype: 'int64' as const }, PRESENT] })).toBeNull();
});

test('feeds each input by its role, in its type and shape', () => {
  const io = decoderIo(
    ends(
      input('attention_mask', 'int64', ['batch', 'total']),
      input('position_ids', 'int32', ['batch', 'tokens']),
      input('num_logits_to_keep', 'int64', []),
    ),
  );
  if (!io) throw new Error('a decoder');
  const feeds = decoderFeeds(io, [7, 300], 3, 1);
  expect(feeds.map(({ dtype, dims }) => [dtype, dims])).toEqual([
    ['int64', [1, 2]],
    ['int64', [1, 5]],
    ['int32', [1, 2]],
    ['int64', []],
  ]);
  const [ids, mask, positions, scored] = feeds.map(({ data, dtype }) =>
    dtype === 'int64'
      ? [...new BigInt64Array(data.slice().buffer)].map(Number)
      : [...new Int32Array(data.slice().buffer)],
  );
  expect([ids, mask, positions, scored]).toEqual([[7, 300], [1, 1, 1, 1, 1], [3, 4], [1]]);
  expect(decoderFeeds(io, [7], 0, 0)[3]?.data[0]).toBe(1);
});
