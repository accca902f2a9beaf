import type { ModelGraph } from '../graph/model-graph.ts';
import type { NumberTraits } from './tolerance.ts';

/** Rounds to whole numbers on the way, or may (MatMulNBits with an accuracy level of 4). */
const QUANTISING = /^(Dynamic)?Quantize|Integer$|^QLinear|^MatMulNBits$|^QAttention$|^QGemm$/;
/** A last bit may decide what comes out. */
const JUMPING = /^(ArgMax|ArgMin|TopK|NonMaxSuppression|Round|Sign|Unique|NonZero)$/;
/** Something else comes out each time. */
const RANDOM = /^(Random(Normal|Uniform)(Like)?|Multinomial|Bernoulli)$/;

/** TensorProto.DataType of float16 and bfloat16. */
const HALVES: ReadonlySet<number> = new Set([10, 16]);

/** What of a model says how far honest results of it may be apart. */
export function numberTraits({ nodes, types, initializers }: ModelGraph): NumberTraits {
  const has = (kind: RegExp): boolean => nodes.some(({ opType }) => kind.test(opType));
  const half =
    [...types.values()].some(({ code }) => HALVES.has(code)) ||
    [...initializers.values()].some(({ code }) => HALVES.has(code));
  return { half, quantised: has(QUANTISING), jumps: has(JUMPING), random: has(RANDOM) };
}
