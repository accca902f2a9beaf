import { concat, textField, varintField } from '../../core/graph/protobuf-writer.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** AttributeProto beside those of model-builder; field numbers and types are those of onnx.proto3. */

const FLOAT = 1;
const INTS = 7;
/** Field 2, 32 bits fixed. */
const FLOAT_FIELD = (2 << 3) | 5;

/** An attribute that holds a float. */
export function floatAttribute(name: string, value: number): Bytes {
  const bytes = new Uint8Array(Float32Array.of(value).buffer);
  return concat([textField(1, name), Uint8Array.of(FLOAT_FIELD), bytes, varintField(20, FLOAT)]);
}

/** An attribute that holds natural numbers. */
export function intsAttribute(name: string, values: readonly number[]): Bytes {
  return concat([textField(1, name), ...values.map((each) => varintField(8, each)), varintField(20, INTS)]);
}
