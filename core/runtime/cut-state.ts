import { RequestFailedError } from '../errors.ts';
import { elementBytes } from '../tensor/dtype.ts';
import { elementCount, type Tensor } from '../tensor/tensor.ts';

/**
 * A state of `held` tokens cut to its first `keep`, in bytes of its own. It grows along the size that was 0 in
 * `blank`, its shape before the first run.
 * @throws RequestFailedError of the step `state` for one that cannot go back: it does not grow, or forgets.
 */
export function cutState(state: Tensor, blank: readonly number[], held: number, keep: number): Tensor {
  const axis = blank.indexOf(0);
  if (axis < 0 || state.dims[axis] !== held) {
    throw new RequestFailedError('This state cannot go back to an earlier word.', {
      step: 'state',
      expected: `a state that has all of ${held} tokens`,
      actual: `shape [${state.dims}]`,
    });
  }
  const dims = state.dims.map((size, at) => (at === axis ? keep : size));
  const row = elementCount(state.dims.slice(axis + 1)) * elementBytes(state.dtype);
  const rows = elementCount(state.dims.slice(0, axis));
  const data = new Uint8Array(rows * keep * row);
  for (let at = 0; at < rows; at++) {
    const from = at * held * row;
    data.set(state.data.subarray(from, from + keep * row), at * keep * row);
  }
  return { dtype: state.dtype, dims, data };
}
