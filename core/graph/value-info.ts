import { type Dtype, dtypeCode, dtypeFromCode } from '../tensor/dtype.ts';
import { fieldsOf, textOf } from './protobuf.ts';
import { bytesField, concat, textField, varintField } from './protobuf-writer.ts';
import type { BoundaryTensor } from './shard.types.ts';
import { appendDims, MAX_RANK } from './tensor-size.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** What is known of a value's type. */
export interface ValueType {
  /** 'other' for sequences, maps, optionals and sparse tensors, which never cross a cut. */
  readonly kind: 'tensor' | 'other';
  /** TensorProto.DataType; 0 when unknown. */
  readonly code: number;
  readonly dims: BoundaryTensor['dims'];
}

/** A value of which nothing is known. */
export const UNKNOWN_TYPE: ValueType = { kind: 'tensor', code: 0, dims: null };

export interface ValueInfo {
  readonly name: string;
  readonly type: ValueType;
  /** The ValueInfoProto, verbatim. */
  readonly proto: Bytes;
}

/** Reads a ValueInfoProto. */
export function readValueInfo(proto: Bytes): ValueInfo {
  let name = '';
  let type = UNKNOWN_TYPE;
  for (const field of fieldsOf(proto)) {
    if (field.number === 1) name = textOf(field.body);
    if (field.number === 2) type = readType(field.body);
  }
  return { name, type, proto };
}

/** Reads a TypeProto. */
function readType(proto: Bytes): ValueType {
  for (const field of fieldsOf(proto)) {
    if (field.number === 1) return readTensorType(field.body);
    // 6 is a denotation, which says nothing about the layout.
    if (field.number !== 6) return { kind: 'other', code: 0, dims: null };
  }
  return UNKNOWN_TYPE;
}

function readTensorType(proto: Bytes): ValueType {
  let code = 0;
  let dims: ValueType['dims'] = null;
  for (const field of fieldsOf(proto)) {
    if (field.number === 1) code = field.value;
    if (field.number === 2) dims = readShape(field.body);
  }
  return { kind: 'tensor', code, dims };
}

/** Reads a TensorShapeProto; a rank that no tensor has counts as unknown. */
function readShape(proto: Bytes): ValueType['dims'] {
  const dims: (number | string | null)[] = [];
  for (const field of fieldsOf(proto)) {
    if (field.number === 1) dims.push(readDim(field.body));
    if (dims.length > MAX_RANK) return null;
  }
  return dims;
}

function readDim(proto: Bytes): number | string | null {
  for (const field of fieldsOf(proto)) {
    // Some exporters write 0 or -1 where the size is not known before the model runs.
    if (field.number === 1) return field.value > 0 && Number.isSafeInteger(field.value) ? field.value : null;
    if (field.number === 2) return textOf(field.body) || null;
  }
  return null;
}

/** Writes a ValueInfoProto of a dense tensor; without `dims` the runtime infers its shape. */
export function writeValueInfo(
  name: string,
  dtype: Dtype,
  dims: readonly (number | null)[] | null = null,
): Bytes {
  const shape = dims?.map((dim) => bytesField(1, ...(dim === null ? [] : [varintField(1, dim)])));
  const tensorType = [varintField(1, dtypeCode(dtype)), ...(shape ? [bytesField(2, ...shape)] : [])];
  return concat([textField(1, name), bytesField(2, bytesField(1, ...tensorType))]);
}

/** A value as it may cross a cut, or why it may not. */
export function boundaryTensor(
  name: string,
  type: ValueType,
): { readonly tensor: BoundaryTensor } | { readonly refusal: string } {
  const shown = `"${name}"`;
  if (type.kind === 'other') return { refusal: `${shown} is a sequence, map or optional value` };
  if (type.code === 0) return { refusal: `the element type of ${shown} is not known` };
  const dtype = dtypeFromCode(type.code);
  if (!dtype) return { refusal: `${shown} has element type ${type.code}, which cannot be sent` };
  return { tensor: { name, dtype, dims: type.dims } };
}

/** TensorProto.DataType and dims of a TensorProto in memory, without its values. */
export function tensorHead(proto: Bytes): { code: number; dims: number[] } {
  let code = 0;
  const dims: number[] = [];
  for (const field of fieldsOf(proto)) {
    if (field.number === 1) appendDims(dims, field);
    if (field.number === 2) code = field.value;
  }
  return { code, dims };
}
