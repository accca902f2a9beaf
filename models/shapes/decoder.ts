import type { GraphDraft } from './draft.ts';

/** The sizes of a Llama-style decoder. */
export interface DecoderSizes {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  /** Heads of keys and values, each shared by `heads / kvHeads` heads of queries. */
  readonly kvHeads: number;
  readonly mlp: number;
  readonly vocab: number;
  /** Positions in the rotary tables. */
  readonly context: number;
}

/** What a decoder has beside its sizes. */
export interface DecoderTraits {
  /** Whether the embedding is also the output matrix. */
  readonly tied: boolean;
  /** Whether queries, keys and values have a bias. */
  readonly bias: boolean;
}

/** How a decoder is exported. */
export interface DecoderStyle {
  /** Operators: those of ONNX alone, as optimum writes, or with ONNX Runtime's own, as onnx-community's exports. */
  readonly ops: 'plain' | 'fused';
  /** `q4`: matrices in blocks of 32 4-bit values with a scale each; fused operators only. */
  readonly dtype: 'fp32' | 'q4';
  /** The embedding may stay in fp32, as most 4-bit exports leave it. */
  readonly embedding: 'fp32' | 'q4';
}

/** Base of the rotary angles, as in Llama 2. */
const THETA = 10_000;

/** Size of a head. Throws RangeError unless heads divide evenly. */
export function headSize({ hidden, heads, kvHeads }: DecoderSizes): number {
  const size = hidden / heads;
  if (!Number.isInteger(size / 2)) {
    throw new RangeError(`${heads} heads of an even size do not make ${hidden}: set --hidden and --heads`);
  }
  if (heads % kvHeads !== 0) {
    throw new RangeError(`${heads} heads cannot share ${kvHeads} heads of keys: set --heads and --kv-heads`);
  }
  return size;
}

/** Declares the inputs and outputs of a decoder with a key and value cache, as optimum names them. */
export function declareDecoder(draft: GraphDraft, sizes: DecoderSizes): void {
  const cache = (length: string): (string | number)[] => [
    'batch_size',
    sizes.kvHeads,
    length,
    headSize(sizes),
  ];
  draft.input('input_ids', 'int64', ['batch_size', 'sequence_length']);
  draft.input('attention_mask', 'int64', ['batch_size', 'total_sequence_length']);
  draft.input('position_ids', 'int64', ['batch_size', 'sequence_length']);
  draft.output('logits', 'float32', ['batch_size', 'sequence_length', sizes.vocab]);
  for (let layer = 0; layer < sizes.layers; layer++) {
    for (const part of ['key', 'value']) {
      draft.input(`past_key_values.${layer}.${part}`, 'float32', cache('past_sequence_length'));
      draft.output(`present.${layer}.${part}`, 'float32', cache('total_sequence_length'));
    }
  }
}

/** The angle of a position for one pair of a head's values. */
export function rotaryAngle(position: number, pair: number, head: number): number {
  return position * THETA ** ((-2 * pair) / head);
}
