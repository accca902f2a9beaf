import type { Dtype } from '../tensor/dtype.ts';
import { halfToNumber } from '../tensor/half.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** How far what a device made is from what was computed again. */
export interface Difference {
  /** Bit for bit the same. */
  readonly equal: boolean;
  /**
   * Floats: the largest difference of two elements, as a share of the element and of its tensor's usual size (root mean
   * square) together. Infinity where shapes or types differ, or where one of the two is no number.
   */
  readonly relative: number;
  /** Whole numbers: the largest difference, and the share of those that differ. */
  readonly steps: number;
  readonly share: number;
}

export const NO_DIFFERENCE: Difference = { equal: true, relative: 0, steps: 0, share: 0 };
const NOT_COMPARABLE: Difference = { equal: false, relative: Number.POSITIVE_INFINITY, steps: 0, share: 0 };
/** A tensor that is all but zero has no size of its own: what rounding leaves there must not count. */
const LEAST_SIZE = 1e-3;

/** The largest difference over all tensors. `made` is judged by `again`. */
export function differenceOf(made: readonly Tensor[], again: readonly Tensor[]): Difference {
  if (made.length !== again.length) return NOT_COMPARABLE;
  return made.reduce((worst, tensor, at) => {
    const other = again[at];
    return other ? worse(worst, ofTensors(tensor, other)) : NOT_COMPARABLE;
  }, NO_DIFFERENCE);
}

/** The worse of two in each respect. */
function worse(a: Difference, b: Difference): Difference {
  return {
    equal: a.equal && b.equal,
    relative: Math.max(a.relative, b.relative),
    steps: Math.max(a.steps, b.steps),
    share: Math.max(a.share, b.share),
  };
}

function ofTensors(made: Tensor, again: Tensor): Difference {
  if (made.dtype !== again.dtype || `${made.dims}` !== `${again.dims}`) return NOT_COMPARABLE;
  if (sameBytes(made.data, again.data)) return NO_DIFFERENCE;
  const [a, b] = [numbersOf(made), numbersOf(again)];
  return made.dtype.startsWith('float') ? ofFloats(a, b) : ofIntegers(a, b);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return false;
  return true;
}

function ofFloats(made: Numbers, again: Numbers): Difference {
  const size = Math.max(LEAST_SIZE, usualSize(again));
  let relative = 0;
  for (let i = 0; i < made.length; i++) {
    const [a, b] = [Number(made[i]), Number(again[i])];
    if (Object.is(a, b) || a === b) continue;
    const off = Math.abs(a - b) / (size + Math.abs(b));
    // Both are no number, or one of them is.
    if (!(off < Number.POSITIVE_INFINITY)) {
      if (Number.isNaN(a) && Number.isNaN(b)) continue;
      return NOT_COMPARABLE;
    }
    if (off > relative) relative = off;
  }
  return { equal: false, relative, steps: 0, share: 0 };
}

function ofIntegers(made: Numbers, again: Numbers): Difference {
  let steps = 0;
  let differing = 0;
  for (let i = 0; i < made.length; i++) {
    if (made[i] === again[i]) continue;
    differing++;
    steps = Math.max(steps, Math.abs(Number(made[i]) - Number(again[i])));
  }
  return { equal: false, relative: 0, steps, share: differing / made.length };
}

/** Root mean square of the numbers that are finite. */
function usualSize(numbers: Numbers): number {
  let sum = 0;
  let count = 0;
  for (const number of numbers) {
    const value = Number(number);
    if (!Number.isFinite(value)) continue;
    sum += value * value;
    count++;
  }
  return count === 0 ? 0 : Math.sqrt(sum / count);
}

type Numbers = ArrayLike<number | bigint> & Iterable<number | bigint>;

const VIEWS: { readonly [T in Dtype]: (bytes: ArrayBuffer) => Numbers } = {
  float32: (bytes) => new Float32Array(bytes),
  float64: (bytes) => new Float64Array(bytes),
  float16: (bytes) => Float32Array.from(new Uint16Array(bytes), halfToNumber),
  uint8: (bytes) => new Uint8Array(bytes),
  int8: (bytes) => new Int8Array(bytes),
  uint16: (bytes) => new Uint16Array(bytes),
  int16: (bytes) => new Int16Array(bytes),
  uint32: (bytes) => new Uint32Array(bytes),
  int32: (bytes) => new Int32Array(bytes),
  uint64: (bytes) => new BigUint64Array(bytes),
  int64: (bytes) => new BigInt64Array(bytes),
  bool: (bytes) => new Uint8Array(bytes),
};

function numbersOf({ dtype, data }: Tensor): Numbers {
  return VIEWS[dtype](data.slice().buffer);
}
