import type { Tensor as OrtTensor, TensorConstructor } from 'onnxruntime-common';
import { RuntimeFailedError } from '../core/errors.ts';
import { type Dtype, elementBytes, isDtype } from '../core/tensor/dtype.ts';
import { type Tensor, tensor } from '../core/tensor/tensor.ts';

type View = new (buffer: ArrayBuffer, byteOffset: number, length: number) => ArrayBufferView<ArrayBuffer>;

/**
 * The array type in which ONNX Runtime takes each dtype. It takes float16 as Uint16Array in every browser, and
 * views the bits as a Float16Array where there is one (onnxruntime-common 1.30, tensor-impl.ts).
 */
const VIEWS: Readonly<Record<Dtype, View>> = {
  float32: Float32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  float16: Uint16Array,
  float64: Float64Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
};

/** Views our bytes as the runtime's tensor; copies only where they do not lie at a multiple of the element size. */
export function toOrt(make: TensorConstructor, t: Tensor): OrtTensor {
  const size = elementBytes(t.dtype);
  const { buffer, byteOffset, byteLength } = t.data.byteOffset % size === 0 ? t.data : t.data.slice();
  const view = new VIEWS[t.dtype](buffer, byteOffset, byteLength / size);
  // The constructor has one overload for each dtype; the table above pairs each with its array type.
  return new make(t.dtype as 'float32', view as Float32Array<ArrayBuffer>, t.dims);
}

/**
 * Views a result of the runtime as our bytes. No copy: the runtime has copied it out of the WASM heap into a
 * buffer of its own, which passes to the caller.
 * @throws RuntimeFailedError for element types that cannot cross a cut.
 */
export function fromOrt(name: string, result: OrtTensor): Tensor {
  const { type, dims, data } = result;
  if (!isDtype(type) || !ArrayBuffer.isView(data)) {
    throw new RuntimeFailedError(`The output "${name}" has the element type ${type}, which cannot be sent.`, {
      step: 'run',
      expected: 'a tensor of numbers',
      actual: type,
    });
  }
  const { buffer, byteOffset, byteLength } = data as ArrayBufferView<ArrayBuffer>;
  return tensor(type, dims, new Uint8Array(buffer, byteOffset, byteLength));
}
