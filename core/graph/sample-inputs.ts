import { InputError } from '../errors.ts';
import type { Dtype } from '../tensor/dtype.ts';
import { elementCount, type Tensor, tensor, tensorBytes } from '../tensor/tensor.ts';
import { seededRandom } from './seeded-random.ts';
import type { BoundaryTensor } from './shard.types.ts';
import { fromIntegers } from './tensor-proto.ts';

/** The size that most networks for pictures were trained at. */
const USUAL_SIDE = 224;
/** Ids below this are in every vocabulary and position table. */
const SMALL_ID = 8;
/** More than any device can hold as one input. */
const MAX_BYTES = 1024 * 1024 * 1024;

/**
 * Seeded random inputs that most models accept: fractions in [0, 1), small ids, masks of ones. Sizes that the
 * model leaves open come from `dims` by name; else 1, 0 for a past, 224 for the sides of a picture.
 * @throws InputError when a size is no natural number or an input would be too large.
 */
export function sampleInputs(
  inputs: readonly BoundaryTensor[],
  dims: Readonly<Record<string, number>>,
  seed: number,
  guess: Guess = {},
): Tensor[] {
  return completeInputs(inputs, {}, dims, seed, guess);
}

/** The given inputs, and for all others what {@link sampleInputs} makes; in the order of `inputs`. */
export function completeInputs(
  inputs: readonly BoundaryTensor[],
  given: Readonly<Record<string, Tensor>>,
  dims: Readonly<Record<string, number>>,
  seed: number,
  guess: Guess = {},
): Tensor[] {
  return inputs.map((input, index) => {
    const own = Object.hasOwn(given, input.name) ? given[input.name] : undefined;
    if (own) return own;
    const shape = concreteDims(input, dims, guess);
    // Each input has a stream of its own, so that one more input does not change the others.
    return fill(input, shape, seededRandom(seed * 1009 + index), guess.ids ?? SMALL_ID);
  });
}

/** What to try where nothing is known of a model's inputs. */
export interface Guess {
  /** For each size that the model leaves open and `dims` does not name. */
  readonly open?: number;
  /** Integers are below this; 1 gives zeros only. */
  readonly ids?: number;
}

/** The likeliest first; small ones, as a wrong large one takes long. */
const OPEN_SIZES = [undefined, 1, 2, 4, 8, 16, 32, 0, 64, 128, 256, 512] as const;

/** Guesses for {@link sampleInputs}, for whoever can try which one a model accepts. */
export function* guesses(inputs: readonly BoundaryTensor[]): Generator<Guess, void, undefined> {
  const open = inputs.some(({ dims }) => !dims || dims.some((dim) => typeof dim !== 'number'));
  const integers = inputs.some(({ dtype }) => /^u?int/.test(dtype));
  for (const size of open ? OPEN_SIZES : [undefined]) {
    for (const ids of integers ? [SMALL_ID, 1, 2] : [SMALL_ID]) {
      yield { ids, ...(size === undefined ? {} : { open: size }) };
    }
  }
}

/** The shape of an input once its open sizes are chosen. */
export function concreteDims(
  input: BoundaryTensor,
  dims: Readonly<Record<string, number>>,
  { open }: Guess = {},
): number[] {
  const shape = (input.dims ?? [open ?? 1]).map((dim, axis) => {
    if (typeof dim === 'number') return dim;
    const size = dim === null ? undefined : chosen(dim, dims);
    return size ?? open ?? (isSide(input, axis) ? USUAL_SIDE : 1);
  });
  const bytes = tensorBytes(input.dtype, shape);
  if (shape.every((size) => Number.isSafeInteger(size) && size >= 0) && bytes <= MAX_BYTES) return shape;
  throw new InputError(`The input "${input.name}" cannot have the shape [${shape}].`, {
    step: 'make an input',
    expected: `natural numbers, at most ${MAX_BYTES} bytes`,
    actual: `[${shape}]`,
  });
}

/** A given size; a sum such as "past_sequence_length + 1"; none for a past; a total is past and present. */
function chosen(name: string, dims: Readonly<Record<string, number>>): number | undefined {
  if (Object.hasOwn(dims, name)) return dims[name];
  const terms = name.split('+').map((term) => term.trim());
  if (terms.length > 1) {
    const sizes = terms.map((term) => (/^\d+$/.test(term) ? Number(term) : (chosen(term, dims) ?? 1)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }
  if (/(^|_)past(_|$)/.test(name)) return 0;
  const total = /^total_(.+)$/.exec(name)?.[1];
  if (total === undefined) return undefined;
  return (dims[total] ?? 1) + (dims[`past_${total}`] ?? 0);
}

function isSide({ dims, dtype }: BoundaryTensor, axis: number): boolean {
  if (dims?.length !== 4 || !(dtype.startsWith('float') || dtype === 'uint8')) return false;
  const channels = (dim: number | string | null | undefined): boolean => dim === 1 || dim === 3;
  return channels(dims[1]) ? axis >= 2 : channels(dims[3]) && (axis === 1 || axis === 2);
}

function fill(
  { name, dtype }: BoundaryTensor,
  shape: readonly number[],
  random: () => number,
  ids: number,
): Tensor {
  const count = elementCount(shape);
  const values = Array.from({ length: count }, valueMaker(name, dtype, random, ids));
  return tensor(dtype, shape, toBytes(dtype, values));
}

function valueMaker(name: string, dtype: Dtype, random: () => number, ids: number): () => number {
  if (/mask/i.test(name)) return () => 1;
  if (dtype.startsWith('float')) return random;
  if (dtype === 'bool') return () => Math.floor(random() * 2);
  if (dtype === 'uint8' && ids === SMALL_ID) return () => Math.floor(random() * 256);
  return () => Math.floor(random() * ids);
}

function toBytes(dtype: Dtype, values: readonly number[]): Uint8Array<ArrayBuffer> {
  if (dtype === 'float32') return new Uint8Array(Float32Array.from(values).buffer);
  if (dtype === 'float64') return new Uint8Array(Float64Array.from(values).buffer);
  return fromIntegers(dtype, dtype === 'float16' ? values.map(toHalf) : values);
}

/** The bits of a fraction in [0, 1] as a half-precision float, rounded down; what is below 2^-14 becomes 0. */
function toHalf(value: number): number {
  if (value < 2 ** -14) return 0;
  const exponent = Math.floor(Math.log2(value));
  return ((exponent + 15) << 10) | Math.floor((value / 2 ** exponent - 1) * 1024);
}
