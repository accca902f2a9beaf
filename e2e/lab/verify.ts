import { halfToNumber } from '../../core/tensor/half.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';

export interface NamedTensor extends Omit<Tensor, 'dtype'> {
  readonly name: string;
  readonly dtype: string;
}

/** How far the result of the split run lies from that of the whole model, over all outputs. */
export interface Verification {
  readonly ok: boolean;
  readonly maxAbsDiff: number;
  /** Relative to the largest absolute value in the same output of the whole model. */
  readonly maxRelDiff: number;
  readonly argmaxEqual: boolean;
  /** What does not fit, in words; empty when ok. */
  readonly findings: readonly string[];
}

/**
 * Stages of one model differ from the whole only in what the runtime fuses across a cut; float32 then
 * differs in its last bits. Measured: 0 on every cut tried (facts.md F), up to 1e-5 between runtimes.
 */
const TOLERANCE = 1e-4;

/** Compares the outputs by name: same type and shape, all finite, close, and the same largest element. */
export function verify(split: readonly NamedTensor[], whole: readonly NamedTensor[]): Verification {
  const findings: string[] = [];
  let maxAbsDiff = 0;
  let maxRelDiff = 0;
  let argmaxEqual = true;
  if (whole.length === 0) findings.push('the whole model returned no outputs');
  for (const expected of whole) {
    const actual = split.find(({ name }) => name === expected.name);
    const misfit = misfitOf(actual, expected);
    if (!actual || misfit) {
      findings.push(`output "${expected.name}": ${misfit ?? 'missing from the split run'}`);
      argmaxEqual = false;
      continue;
    }
    const a = numbers(actual);
    const b = numbers(expected);
    if (![...a, ...b].every(Number.isFinite)) findings.push(`output "${expected.name}" is not finite`);
    const scale = b.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    const difference = b.reduce(
      (largest, value, i) => Math.max(largest, Math.abs(value - (a[i] ?? Number.NaN))),
      0,
    );
    const relative = difference === 0 ? 0 : difference / scale;
    maxAbsDiff = Math.max(maxAbsDiff, difference);
    maxRelDiff = Math.max(maxRelDiff, relative);
    if (!(relative <= TOLERANCE))
      findings.push(`output "${expected.name}" differs by ${relative} of its size`);
    if (argmax(a) !== argmax(b)) {
      argmaxEqual = false;
      findings.push(`output "${expected.name}" has its largest element elsewhere`);
    }
  }
  return { ok: findings.length === 0, maxAbsDiff, maxRelDiff, argmaxEqual, findings };
}

function misfitOf(actual: NamedTensor | undefined, expected: NamedTensor): string | undefined {
  if (!actual) return 'missing from the split run';
  if (actual.dtype !== expected.dtype) return `expected ${expected.dtype}, got ${actual.dtype}`;
  if (String(actual.dims) !== String(expected.dims)) {
    return `expected shape [${expected.dims}], got [${actual.dims}]`;
  }
  return undefined;
}

function argmax(values: readonly number[]): number {
  return values.reduce(
    (best, value, i) => (value > (values[best] ?? Number.NEGATIVE_INFINITY) ? i : best),
    0,
  );
}

/**
 * The elements as numbers; 64-bit integers above 2^53 lose their last digits, which no comparison here needs.
 * @throws TypeError for a type that has no numbers.
 */
export function numbers(t: NamedTensor): number[] {
  const { buffer } = t.data.slice();
  switch (t.dtype) {
    case 'float32':
      return Array.from(new Float32Array(buffer));
    case 'float64':
      return Array.from(new Float64Array(buffer));
    case 'float16':
      return Array.from(new Uint16Array(buffer), halfToNumber);
    case 'uint8':
    case 'bool':
      return Array.from(new Uint8Array(buffer));
    case 'int8':
      return Array.from(new Int8Array(buffer));
    case 'uint16':
      return Array.from(new Uint16Array(buffer));
    case 'int16':
      return Array.from(new Int16Array(buffer));
    case 'int32':
      return Array.from(new Int32Array(buffer));
    case 'uint32':
      return Array.from(new Uint32Array(buffer));
    case 'int64':
      return Array.from(new BigInt64Array(buffer), Number);
    case 'uint64':
      return Array.from(new BigUint64Array(buffer), Number);
    default:
      throw new TypeError(`"${t.dtype}" has no numbers to compare.`);
  }
}
