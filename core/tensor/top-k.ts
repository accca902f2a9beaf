/** One entry of a list of scores. */
export interface Ranked {
  readonly index: number;
  readonly value: number;
}

/** Probabilities already add up to 1 within this: float32 sums of a thousand classes err by less than 1e-4. */
const SUM_TOLERANCE = 1e-3;

/** The `k` largest values, best first; equal ones in order of index. NaN is left out. */
export function topK(values: ArrayLike<number>, k: number): Ranked[] {
  return Array.from(values, (value, index) => ({ index, value }))
    .filter(({ value }) => !Number.isNaN(value))
    .sort((a, b) => b.value - a.value || a.index - b.index)
    .slice(0, k);
}

/** exp(x) normalised to a sum of 1; the largest value is subtracted first, so that nothing overflows. */
export function softmax(values: Float32Array): Float32Array<ArrayBuffer> {
  const largest = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const powers = Float32Array.from(values, (value) => Math.exp(value - largest));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}

/** Class scores as probabilities: as they are when the network ends in a softmax, through one when it does not. */
export function softmaxIfLogits(values: Float32Array): Float32Array {
  const sum = values.reduce((total, value) => total + value, 0);
  const probable = values.every((value) => value >= 0 && value <= 1 + SUM_TOLERANCE);
  return probable && Math.abs(sum - 1) < SUM_TOLERANCE ? values : softmax(values);
}
