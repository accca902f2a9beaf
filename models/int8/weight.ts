import { ModelFormatError, messageOf } from '../../core/errors.ts';
import { fieldsOf, textOf } from '../../core/graph/protobuf.ts';
import { TENSOR } from '../../core/graph/stored-tensor.ts';
import { decodeTensor } from '../../core/graph/tensor-proto.ts';
import { appendDims } from '../../core/graph/tensor-size.ts';
import { dtypeCode } from '../../core/tensor/dtype.ts';
import { asFloat32 } from '../../core/tensor/tensor.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** An initialiser of the graph, its values not read yet. */
export interface Weight {
  readonly name: string;
  /** float32 with two dimensions, none of them 0: the right side of a product that can be made int8. */
  readonly isMatrix: boolean;
  /** Its values are in another file. */
  readonly isExternal: boolean;
  /** TensorProto. */
  readonly proto: Bytes;
}

/** A matrix in int8, row-major; a value of it times `scale` is about the float that it stands for. */
export interface Int8Matrix {
  readonly dims: readonly number[];
  readonly values: Int8Array<ArrayBuffer>;
  readonly scale: number;
}

/** Symmetric, so -128 is not used and the zero point is 0. */
const LARGEST = 127;
/** numpy.finfo(float32).tiny: a matrix whose scale would be below it is all zeros in int8. */
const TINY = 2 ** -126;
/** Added and taken away again it rounds a small number to a whole one, halves to even, as NumPy does. */
const ROUNDER = 1.5 * 2 ** 52;

/** Reads what kind of weight a TensorProto is. Throws ModelFormatError when it is no protobuf. */
export function readWeight(proto: Bytes): Weight {
  let name = '';
  let code = 0;
  let location = 0;
  const dims: number[] = [];
  for (const field of fieldsOf(proto)) {
    if (field.number === TENSOR.dims) appendDims(dims, field);
    else if (field.number === TENSOR.dataType) code = field.value;
    else if (field.number === TENSOR.name) name = textOf(field.body);
    else if (field.number === TENSOR.dataLocation) location = field.value;
  }
  const isMatrix = code === dtypeCode('float32') && dims.length === 2 && dims.every((dim) => dim > 0);
  return { name, isMatrix, isExternal: location !== 0, proto };
}

/**
 * One scale for the whole matrix, as quantize_dynamic does by default.
 * Throws ModelFormatError when the values are in another file, do not fill the shape, or are not all finite.
 */
export function quantizeMatrix({ name, isExternal, proto }: Weight): Int8Matrix {
  if (isExternal) {
    throw refused(`The weight "${name}" is in another file.`, 'a model in one file', 'external data');
  }
  const { dims, floats } = readFloats(name, proto);
  let largest = 0;
  for (const value of floats) {
    // Written so that NaN is caught, too.
    if (!(Math.abs(value) < Number.POSITIVE_INFINITY)) {
      throw refused(
        `The weight "${name}" holds a number that int8 cannot have.`,
        'finite numbers',
        `${value}`,
      );
    }
    largest = Math.max(largest, Math.abs(value));
  }
  const exact = Math.fround(largest / LARGEST);
  const scale = exact < TINY ? 1 : exact;
  const values = new Int8Array(floats.length);
  for (const [index, value] of floats.entries()) {
    const rounded = Math.fround(value / scale) + ROUNDER - ROUNDER;
    values[index] = Math.max(-LARGEST, Math.min(LARGEST, rounded));
  }
  return { dims, values, scale };
}

function readFloats(name: string, proto: Bytes): { dims: readonly number[]; floats: Float32Array } {
  try {
    const { tensor } = decodeTensor(proto);
    return { dims: tensor.dims, floats: asFloat32(tensor) };
  } catch (error) {
    const actual = messageOf(error);
    throw refused(`The weight "${name}" cannot be read: ${actual}`, 'a float for each element', actual);
  }
}

function refused(message: string, expected: string, actual: string): ModelFormatError {
  return new ModelFormatError(message, { step: 'quantise the weights', expected, actual });
}
