import { ModelFormatError } from '../errors.ts';
import { asFloat32, fromFloat32, type Tensor } from '../tensor/tensor.ts';
import type { StageModel } from './stage-executor.ts';

/** The bundled network with a result that is known from another runtime: public/models/digits.selftest.json. */
export interface SelfTest {
  readonly model: Uint8Array<ArrayBuffer>;
  readonly input: string;
  /** [pictures, channels, height, width]. */
  readonly dims: readonly number[];
  /** One row of logits for each picture. */
  readonly logits: readonly (readonly number[])[];
}

/**
 * Largest difference allowed, relative to the largest |logit|. Providers sum in another order, which moves a
 * float32 network of this depth by about 1e-6; half precision or a broken GPU driver moves it by far more than 1e-3.
 */
export const SELF_TEST_TOLERANCE = 1e-3;

/** Reads the self-test's file. @throws ModelFormatError when it has another form. */
export function parseSelfTest(model: Uint8Array<ArrayBuffer>, file: unknown): SelfTest {
  const { input, logits } = (file ?? {}) as { input?: { name?: unknown; dims?: unknown }; logits?: unknown };
  const name = input?.name;
  const dims = input?.dims;
  if (typeof name !== 'string' || !isNumbers(dims) || !Array.isArray(logits) || !logits.every(isNumbers)) {
    throw new ModelFormatError('The self-test file has another form than expected.', {
      step: 'read the self-test',
      expected: '{ input: { name, dims }, logits: [[…]] }',
      actual: JSON.stringify(file).slice(0, 80),
    });
  }
  return { model, input: name, dims, logits };
}

function isNumbers(list: unknown): list is number[] {
  return Array.isArray(list) && list.every((item) => Number.isFinite(item));
}

/** The network as a stage. Its weights are inline: it is small, and one file is one download. */
export function selfTestStage({ model, input }: SelfTest): StageModel {
  return {
    model,
    weights: null,
    inputs: [{ name: input, dtype: 'float32', dims: null }],
    outputs: [{ name: 'logits', dtype: 'float32', dims: null }],
  };
}

/** A batch of `count` pictures by formula: element i = ((i * 7919 + 104729) mod 256) / 255. */
export function selfTestInput({ dims: [, ...picture] }: SelfTest, count: number): Tensor {
  const length = picture.reduce((product, dim) => product * dim, count);
  const values = Float32Array.from({ length }, (_, i) => ((i * 7919 + 104729) % 256) / 255);
  return fromFloat32([count, ...picture], values);
}

/** Compares a result with the known one: null when it is right, else what was expected and what came, in words. */
export function selfTestFault({ logits }: SelfTest, output: Tensor | undefined): string | null {
  const expected = logits.flat();
  const actual = output?.dtype === 'float32' ? [...asFloat32(output)] : [];
  if (actual.length !== expected.length) return `expected ${expected.length} numbers, got ${actual.length}`;
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = expected.reduce((at, value, i) => {
    // Written so that NaN counts as wrong.
    return distance(value, actual[i]) <= distance(expected[at] ?? 0, actual[at]) ? at : i;
  }, 0);
  if (distance(expected[worst] ?? 0, actual[worst]) <= SELF_TEST_TOLERANCE * scale) return null;
  return `expected ${expected[worst]?.toFixed(4)}, got ${actual[worst]?.toFixed(4)} (number ${worst + 1} of ${expected.length})`;
}

function distance(expected: number, actual: number | undefined): number {
  const difference = Math.abs(expected - (actual ?? Number.NaN));
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
}
