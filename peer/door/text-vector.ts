import { InputError } from '../../core/errors.ts';
import { fromIntegers } from '../../core/graph/tensor-proto.ts';
import type { EncoderInput, EncoderIo } from '../../core/language/encoder-io.ts';
import { halfToNumber } from '../../core/tensor/half.ts';
import { asFloat32, type Tensor, tensor } from '../../core/tensor/tensor.ts';

/** What an encoder is fed for one text (batch 1), in the order of the graph. No place is filled up, so all tokens count. */
export function encoderFeeds({ inputs }: EncoderIo, tokens: readonly number[]): readonly Tensor[] {
  return inputs.map(({ dtype, role }) => {
    const values = tokens.map((token, at) => numberFor(role, token, at));
    const isFloat = dtype === 'float32';
    const data = isFloat ? new Uint8Array(Float32Array.from(values).buffer) : fromIntegers(dtype, values);
    return tensor(dtype, [1, values.length], data);
  });
}

function numberFor(role: EncoderInput['role'], token: number, at: number): number {
  if (role === 'ids') return token;
  if (role === 'positions') return at;
  return role === 'mask' ? 1 : 0;
}

/**
 * The vector of a text, of length 1: from [1, width] as it is, from [1, tokens, width] the mean over the tokens (as
 * sentence-transformers do). @throws InputError for an output of another shape
 */
export function textVector(output: Tensor | undefined): Float32Array<ArrayBuffer> {
  const { dims = [] } = output ?? {};
  const width = dims.at(-1) ?? 0;
  const rows = dims.length === 3 ? (dims[1] ?? 0) : 1;
  const fits = output && dims[0] === 1 && (dims.length === 2 || dims.length === 3) && rows > 0 && width > 0;
  const values = fits ? numbersOf(output) : null;
  if (!values) {
    const data = {
      step: 'read an embedding',
      expected: '[1, tokens, width] or [1, width]',
      actual: `[${dims}]`,
    };
    throw new InputError(`The model gave an output of shape [${dims}].`, data);
  }
  const sums = new Float64Array(width);
  for (const [at, value] of values.entries()) sums[at % width] = (sums[at % width] ?? 0) + value;
  const length = Math.hypot(...sums);
  // The mean is the sum but for its length, which becomes 1 anyway.
  return Float32Array.from(sums, (sum) => (length > 0 ? sum / length : 0));
}

function numbersOf(output: Tensor): Float32Array | null {
  if (output.dtype === 'float32') return asFloat32(output);
  if (output.dtype !== 'float16') return null;
  return Float32Array.from(new Uint16Array(output.data.slice().buffer), halfToNumber);
}
