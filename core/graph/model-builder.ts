import { type Dtype, dtypeCode } from '../tensor/dtype.ts';
import { bytesField, concat, textField, varintField } from './protobuf-writer.ts';
import { externalTensor } from './stored-tensor.ts';

/** Writes small ONNX models for tests; field numbers are those of onnx.proto3. */

type Bytes = Uint8Array<ArrayBuffer>;
type Dims = readonly (number | string)[];

/** A NodeProto; attributes are ready AttributeProtos. */
export function node(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly Bytes[] = [],
  domain = '',
): Bytes {
  return concat([
    ...inputs.map((name) => textField(1, name)),
    ...outputs.map((name) => textField(2, name)),
    textField(3, `${op}:${outputs[0]}`),
    textField(4, op),
    ...attributes.map((attribute) => bytesField(5, attribute)),
    ...(domain === '' ? [] : [textField(7, domain)]),
  ]);
}

/** An attribute that holds an integer. */
export function intAttribute(name: string, value: number): Bytes {
  return concat([textField(1, name), varintField(3, value), varintField(20, 2)]);
}

/** An attribute that holds a tensor. */
export function tensorAttribute(name: string, tensor: Bytes): Bytes {
  return concat([textField(1, name), bytesField(5, tensor), varintField(20, 4)]);
}

/** An attribute that holds a graph, such as a branch of If. */
export function graphAttribute(name: string, body: Bytes): Bytes {
  return concat([textField(1, name), bytesField(6, body), varintField(20, 5)]);
}

/** A ValueInfoProto of a tensor. */
export function value(name: string, dtype: Dtype, dims?: Dims): Bytes {
  const dim = (size: number | string): Bytes =>
    bytesField(1, typeof size === 'number' ? varintField(1, size) : textField(2, size));
  const shape = dims ? [bytesField(2, ...dims.map(dim))] : [];
  return concat([
    textField(1, name),
    bytesField(2, bytesField(1, varintField(1, dtypeCode(dtype)), ...shape)),
  ]);
}

/** A TensorProto with raw data. */
export function weight(name: string, dtype: Dtype, dims: readonly number[], data: Uint8Array): Bytes {
  return concat([tensorHead(name, dtype, dims), bytesField(9, data)]);
}

/** Float32 weights. */
export function floats(name: string, dims: readonly number[], values: readonly number[]): Bytes {
  return weight(name, 'float32', dims, new Uint8Array(Float32Array.from(values).buffer));
}

/** Int64 weights, such as a shape. */
export function longs(
  name: string,
  values: readonly number[],
  dims: readonly number[] = [values.length],
): Bytes {
  return weight(name, 'int64', dims, new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer));
}

/** A TensorProto whose values are in another file. */
export function external(
  name: string,
  dtype: Dtype,
  dims: readonly number[],
  { location, offset, length }: { location: string; offset: number; length: number },
): Bytes {
  return externalTensor(tensorHead(name, dtype, dims), location, offset, length);
}

function tensorHead(name: string, dtype: Dtype, dims: readonly number[]): Bytes {
  return concat([
    ...dims.map((dim) => varintField(1, dim)),
    varintField(2, dtypeCode(dtype)),
    textField(8, name),
  ]);
}

/** What a graph is made of. */
export interface GraphParts {
  readonly nodes: readonly Bytes[];
  readonly inputs: readonly Bytes[];
  readonly outputs: readonly Bytes[];
  readonly weights?: readonly Bytes[];
  readonly values?: readonly Bytes[];
}

/** A GraphProto. */
export function graph({ nodes, inputs, outputs, weights = [], values = [] }: GraphParts): Bytes {
  return concat([
    ...nodes.map((each) => bytesField(1, each)),
    textField(2, 'test'),
    ...weights.map((each) => bytesField(5, each)),
    ...inputs.map((each) => bytesField(11, each)),
    ...outputs.map((each) => bytesField(12, each)),
    ...values.map((each) => bytesField(13, each)),
  ]);
}

/** A ModelProto of the given IR version, opset 13. */
export function model(parts: GraphParts, irVersion = 8): Bytes {
  const opset = bytesField(8, textField(1, ''), varintField(2, 13));
  return concat([varintField(1, irVersion), bytesField(7, graph(parts)), opset]);
}
