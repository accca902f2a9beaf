import type { Tensor } from '../../core/tensor/tensor.ts';

/**
 * Largest difference over the largest magnitude of the output that still counts as equal: runtimes may order a
 * sum differently once the graph around it changes, which costs a few units in the last place of a float32.
 */
const TOLERANCE = 1e-4;
/**
 * For half-precision models: ONNX Runtime's CPU provider keeps float32 between neighbours, so a cut rounds to
 * 11 bits (2^-11 of a value) where the whole does not; four such roundings.
 */
const HALF_TOLERANCE = 2 ** -9;
/** Values this near to the largest, relative to it, are as large: a few units in the last place of a float32. */
const TIE = 1e-6;

/** How far the outputs of two runs lie apart. */
export interface Difference {
  readonly maxAbs: number;
  /** `maxAbs` over the largest magnitude of the output it is in. */
  readonly maxRel: number;
  readonly argmaxEqual: boolean;
  readonly bitEqual: boolean;
  /** Bit-equal, or within 1e-4 (float16: 2^-9) of the output's largest magnitude with the same argmax. */
  readonly equal: boolean;
}

/** Compares the outputs of the whole with those of the chain, output by output. */
export function compare(whole: readonly Tensor[], chain: readonly Tensor[]): Difference {
  const pairs = whole.map((expected, index) => compareOne(expected, chain[index]));
  return {
    maxAbs: Math.max(0, ...pairs.map((pair) => pair.maxAbs)),
    maxRel: Math.max(0, ...pairs.map((pair) => pair.maxRel)),
    argmaxEqual: pairs.every((pair) => pair.argmaxEqual),
    bitEqual: whole.length === chain.length && pairs.every((pair) => pair.bitEqual),
    equal: whole.length === chain.length && pairs.every((pair) => pair.equal),
  };
}

function compareOne(whole: Tensor, chain: Tensor | undefined): Difference {
  const shape = chain?.dtype === whole.dtype && String(chain.dims) === String(whole.dims);
  if (!chain || !shape) {
    return { maxAbs: Infinity, maxRel: Infinity, argmaxEqual: false, bitEqual: false, equal: false };
  }
  const expected = numbersOf(whole);
  const actual = numbersOf(chain);
  const tolerance = whole.dtype === 'float16' ? HALF_TOLERANCE : TOLERANCE;
  let maxAbs = 0;
  let largest = 0;
  for (const [index, value] of expected.entries()) {
    const other = actual[index] ?? Number.NaN;
    if (!Object.is(value, other)) maxAbs = Math.max(maxAbs, distance(value, other));
    if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  }
  const maxRel = maxAbs === 0 ? 0 : maxAbs / largest;
  const best = expected[argmax(actual)] ?? Number.NaN;
  const tied = (expected[argmax(expected)] ?? Number.NaN) - best <= TIE * largest;
  const argmaxEqual = argmax(expected) === argmax(actual) || tied;
  const bitEqual = Buffer.compare(whole.data, chain.data) === 0;
  return { maxAbs, maxRel, argmaxEqual, bitEqual, equal: bitEqual || (maxRel <= tolerance && argmaxEqual) };
}

/** Not-a-number against a number is as far apart as can be. */
function distance(a: number, b: number): number {
  const apart = Math.abs(a - b);
  if (!Number.isNaN(apart)) return apart;
  return Number.isNaN(a) && Number.isNaN(b) ? 0 : Infinity;
}

function argmax(values: readonly number[]): number {
  let best = 0;
  for (const [index, value] of values.entries()) if (value > (values[best] ?? value)) best = index;
  return best;
}

/** The elements of a tensor as numbers; 64-bit integers are rounded past 2^53. */
function numbersOf({ dtype, data }: Tensor): number[] {
  const { buffer, byteOffset, byteLength } = data.slice();
  const view = new DataView(buffer, byteOffset, byteLength);
  const each = (size: number, get: (at: number) => number): number[] =>
    Array.from({ length: byteLength / size }, (_, index) => get(index * size));
  switch (dtype) {
    case 'float32':
      return each(4, (at) => view.getFloat32(at, true));
    case 'float64':
      return each(8, (at) => view.getFloat64(at, true));
    case 'float16':
      return each(2, (at) => fromHalf(view.getUint16(at, true)));
    case 'int8':
      return each(1, (at) => view.getInt8(at));
    case 'int16':
      return each(2, (at) => view.getInt16(at, true));
    case 'uint16':
      return each(2, (at) => view.getUint16(at, true));
    case 'int32':
      return each(4, (at) => view.getInt32(at, true));
    case 'uint32':
      return each(4, (at) => view.getUint32(at, true));
    case 'int64':
      return each(8, (at) => Number(view.getBigInt64(at, true)));
    case 'uint64':
      return each(8, (at) => Number(view.getBigUint64(at, true)));
    case 'uint8':
    case 'bool':
      return [...data];
  }
}

function fromHalf(bits: number): number {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
