import { InputError } from '../errors.ts';
import { type Dtype, elementBytes } from './dtype.ts';

/**
 * A dense tensor, row-major, as raw little-endian bytes. `data` may be a view into a larger buffer;
 * whoever receives a Tensor by transfer owns that buffer.
 */
export interface Tensor {
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  readonly data: Uint8Array<ArrayBuffer>;
}

/** ONNX operators in use go to rank 6; runtimes refuse more than 16, and so does the wire. */
export const MAX_DIMS = 16;
/** A size on the wire is a number of 32 bits. */
export const MAX_DIM: number = 2 ** 32 - 1;

/** Number of elements; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Bytes that a dense tensor of this type and shape takes. */
export function tensorBytes(dtype: Dtype, dims: readonly number[]): number {
  return elementCount(dims) * elementBytes(dtype);
}

/**
 * Makes a Tensor and checks that the bytes match the shape.
 * @throws InputError when they do not.
 */
export function tensor(dtype: Dtype, dims: readonly number[], data: Uint8Array<ArrayBuffer>): Tensor {
  const expected = tensorBytes(dtype, dims);
  if (expected !== data.byteLength) {
    throw new InputError(
      `A ${dtype} tensor of shape [${dims}] takes ${expected} bytes, got ${data.byteLength}.`,
      {
        step: 'make a tensor',
        expected: `${expected} bytes`,
        actual: `${data.byteLength} bytes`,
      },
    );
  }
  return { dtype, dims, data };
}

/** Views float32 data as a Float32Array; copies only when the view is not 4-byte aligned. */
export function asFloat32(t: Tensor): Float32Array<ArrayBuffer> {
  const bytes = t.data.byteOffset % 4 === 0 ? t.data : t.data.slice();
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** Wraps floats as a Tensor without copying. */
export function fromFloat32(dims: readonly number[], values: Float32Array<ArrayBuffer>): Tensor {
  return tensor('float32', dims, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

/** The distinct buffers behind some tensors, for a transfer list. */
export function buffersOf(tensors: readonly Tensor[]): ArrayBuffer[] {
  return [...new Set(tensors.map((t) => t.data.buffer))];
}
