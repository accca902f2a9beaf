import { InputError } from '../errors.ts';
import { type Dtype, dtypeCode, dtypeFromCode, elementBytes } from '../tensor/dtype.ts';
import { elementCount, type Tensor, tensor } from '../tensor/tensor.ts';
import { appendVarints, type Field, fieldsOf, textOf } from './protobuf.ts';
import { bytesField, concat, textField, varintField } from './protobuf-writer.ts';
import { TENSOR } from './stored-tensor.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Reads a TensorProto (the form of recorded `input_0.pb` files).
 * @throws InputError for an element type or a size that we do not take, ModelFormatError when it is no protobuf.
 */
export function decodeTensor(proto: Bytes): { name: string; tensor: Tensor } {
  let name = '';
  let code = 0;
  const dims: number[] = [];
  let raw: Bytes | null = null;
  const typed: Field[] = [];
  for (const field of fieldsOf(proto)) {
    if (field.number === TENSOR.dims) appendVarints(dims, field);
    else if (field.number === TENSOR.dataType) code = field.value;
    else if (field.number === TENSOR.name) name = textOf(field.body);
    else if (field.number === TENSOR.rawData) raw = field.body;
    else if (TYPED.has(field.number)) typed.push(field);
  }
  const dtype = dtypeFromCode(code);
  if (!dtype) {
    throw new InputError(`The tensor has element type ${code}, which is not taken.`, {
      step: 'read a tensor',
      expected: 'numbers or booleans',
      actual: `TensorProto.DataType ${code}`,
    });
  }
  return { name, tensor: tensor(dtype, dims, raw ?? fromTyped(dtype, dims, typed)) };
}

/** Writes a TensorProto with raw data. */
export function encodeTensor(name: string, { dtype, dims, data }: Tensor): Bytes {
  return concat([
    ...dims.map((dim) => varintField(TENSOR.dims, dim)),
    varintField(TENSOR.dataType, dtypeCode(dtype)),
    textField(TENSOR.name, name),
    bytesField(TENSOR.rawData, data),
  ]);
}

/** Fields that hold values by type: fixed-size ones are raw already, the others are varints. */
const FIXED: ReadonlySet<number> = new Set([TENSOR.floatData, TENSOR.doubleData]);
const TYPED: ReadonlySet<number> = new Set([...FIXED, TENSOR.int32Data, TENSOR.int64Data, TENSOR.uint64Data]);

function fromTyped(dtype: Dtype, dims: readonly number[], fields: readonly Field[]): Bytes {
  if (fields.some((field) => FIXED.has(field.number))) return concat(fields.map((field) => field.body));
  const values: number[] = [];
  for (const field of fields) appendVarints(values, field);
  if (values.length !== elementCount(dims)) return new Uint8Array(0);
  return fromIntegers(dtype, values);
}

/** Integers, and the bit patterns of float16, as little-endian elements. */
export function fromIntegers(dtype: Dtype, values: readonly number[]): Bytes {
  const size = elementBytes(dtype);
  const data = new Uint8Array(values.length * size);
  const view = new DataView(data.buffer);
  for (const [index, value] of values.entries()) {
    const at = index * size;
    if (size === 1) view.setUint8(at, value);
    else if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigInt64(at, BigInt(value), true);
  }
  return data;
}
