import { ModelFormatError } from '../errors.ts';
import { appendVarints, type Field } from './protobuf.ts';

/**
 * Bits of one element by TensorProto.DataType (onnx.proto3 of ONNX 1.20), also of types that never cross a cut:
 * bfloat16, complex, 8-bit floats, and those that share a byte. Strings have none.
 */
const BITS: ReadonlyMap<number, number> = new Map([
  ...[2, 3, 9, 17, 18, 19, 20, 24].map((code): [number, number] => [code, 8]),
  ...[4, 5, 10, 16].map((code): [number, number] => [code, 16]),
  ...[1, 6, 12].map((code): [number, number] => [code, 32]),
  ...[7, 11, 13, 14].map((code): [number, number] => [code, 64]),
  ...[21, 22, 23].map((code): [number, number] => [code, 4]),
  ...[25, 26].map((code): [number, number] => [code, 2]),
  [15, 128],
]);

/** More axes are no tensor: runtimes and NumPy stop far below. */
export const MAX_RANK = 255;

/**
 * A field of dims, packed or not, appended to `dims`.
 * @throws ModelFormatError when there are too many.
 */
export function appendDims(dims: number[], field: Field): void {
  // A packed list holds at least one size in ten bytes.
  if (dims.length + field.length / 10 > MAX_RANK) throw impossible('a tensor', dims);
  appendVarints(dims, field);
}

/**
 * Bytes that the values of a weight take, small types packed and rounded up to a whole byte; null where the
 * type has no fixed size.
 * @throws ModelFormatError for a shape that no file can fill.
 */
export function valueBytes(name: string, code: number, dims: readonly number[]): number | null {
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (dims.length > MAX_RANK || dims.some((dim) => dim < 0) || !Number.isSafeInteger(count * 16)) {
    throw impossible(`the weight "${name.slice(0, 100)}"`, dims);
  }
  const bits = BITS.get(code);
  return bits === undefined ? null : Math.ceil((count * bits) / 8);
}

function impossible(what: string, dims: readonly number[]): ModelFormatError {
  const shown = dims.length > 8 ? `${dims.slice(0, 8)},…` : `${dims}`;
  return new ModelFormatError(`The model gives ${what} an impossible shape, [${shown}].`, {
    step: 'read the weights',
    expected: `at most ${MAX_RANK} sizes of 0 or more, with a product below 2^49`,
    actual: `[${shown}]`,
  });
}
