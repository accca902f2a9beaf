import { InputError } from '../errors.ts';
import { halfToNumber } from '../tensor/half.ts';
import { asFloat32, type Tensor, tensor } from '../tensor/tensor.ts';
import type { Decode } from './decode.ts';
import { chooseToken } from './sampling.ts';

/**
 * The tokens that follow the last `picks` of a run, as int32 [1, picks]. `scores`: float32 or float16
 * [1, rows, vocabulary], of which the last rows count.
 * @throws InputError for scores of another shape, or fewer rows than picks.
 */
export function pickTokens(scores: Tensor, decode: Decode): Tensor {
  const { picks, keep, count, sampling, before } = decode;
  const [batch = 0, rows = 0, vocabulary = 0] = scores.dims;
  if (scores.dims.length !== 3 || batch !== 1 || rows < picks || (picks > 0 && vocabulary === 0)) {
    const data = {
      step: 'choose a token',
      expected: `[1, ${picks} or more, words]`,
      actual: `[${scores.dims}]`,
    };
    throw new InputError(`The model's scores have the shape [${scores.dims}].`, data);
  }
  const chosen = Array.from({ length: picks }, (_, at) => {
    const row = rowOf(scores, rows - picks + at, vocabulary);
    // The place in the text that the chosen token will have.
    return chooseToken(row, sampling, before, keep + count - picks + at + 1);
  });
  return tensor('int32', [1, picks], new Uint8Array(Int32Array.from(chosen).buffer));
}

function rowOf({ dtype, dims, data }: Tensor, row: number, size: number): Float32Array {
  const bytes = data.byteLength / (dims[1] ?? 1);
  const part: Tensor = { dtype, dims: [size], data: data.subarray(row * bytes, (row + 1) * bytes) };
  if (dtype === 'float32') return asFloat32(part);
  if (dtype === 'float16') return Float32Array.from(new Uint16Array(part.data.slice().buffer), halfToNumber);
  throw new InputError(`The model's scores are of type ${dtype}.`, {
    step: 'choose a token',
    expected: 'float32 or float16',
    actual: dtype,
  });
}
