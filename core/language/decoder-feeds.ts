import { fromIntegers } from '../graph/tensor-proto.ts';
import { type Tensor, tensor } from '../tensor/tensor.ts';
import type { DecoderInput, DecoderIo } from './decoder-io.ts';

/**
 * What a decoder is fed for `tokens` after `past` others, in the order of `io.inputs`; of one text (batch 1).
 * `scored`: for so many of the last tokens scores are wanted.
 */
export function decoderFeeds(
  io: DecoderIo,
  tokens: readonly number[],
  past: number,
  scored: number,
): readonly Tensor[] {
  return io.inputs.map((input) => {
    const values = valuesOf(input, tokens, past, scored);
    const dims = input.dims?.length === 0 ? [] : [values.length];
    const isRow = input.role === 'ids' || input.role === 'mask' || input.role === 'positions';
    return filled(input, isRow && input.dims?.length !== 1 ? [1, values.length] : dims, values);
  });
}

function valuesOf(
  { role }: DecoderInput,
  tokens: readonly number[],
  past: number,
  scored: number,
): readonly number[] {
  switch (role) {
    case 'ids':
      return tokens;
    case 'mask':
      return new Array<number>(past + tokens.length).fill(1);
    case 'positions':
      return tokens.map((_, at) => past + at);
    case 'scored':
      // To the exporters' graphs 0 means all.
      return [Math.max(1, scored)];
    case 'cached':
      return [past > 0 ? 1 : 0];
  }
}

function filled({ dtype }: DecoderInput, dims: readonly number[], values: readonly number[]): Tensor {
  const isFloat = dtype === 'float32';
  return tensor(
    dtype,
    dims,
    isFloat ? new Uint8Array(Float32Array.from(values).buffer) : fromIntegers(dtype, values),
  );
}
