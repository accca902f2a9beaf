import { elementBytes } from './dtype.ts';
import { elementCount, type Tensor } from './tensor.ts';

/** The first `keep` entries along one axis. */
export interface Cut {
  readonly axis: number;
  readonly keep: number;
}

/** A tensor cut short, in bytes of its own. The axis must have at least `keep` entries. */
export function cutTensor({ dtype, dims, data }: Tensor, { axis, keep }: Cut): Tensor {
  const row = elementCount(dims.slice(axis + 1)) * elementBytes(dtype);
  const stride = (dims[axis] ?? 0) * row;
  const rows = elementCount(dims.slice(0, axis));
  const short = new Uint8Array(rows * keep * row);
  for (let at = 0; at < rows; at++) {
    short.set(data.subarray(at * stride, at * stride + keep * row), at * keep * row);
  }
  return { dtype, dims: dims.map((size, at) => (at === axis ? keep : size)), data: short };
}
