import { type GraphDraft, pathOf } from './draft.ts';
import { normal } from './fills.ts';

/** A matrix product without bias: [..., from] to [..., to], named after its module. Returns its output. */
export type Linear = (
  draft: GraphDraft,
  module: string,
  x: string,
  sizes: { readonly from: number; readonly to: number },
  output?: string,
) => string;

/** Small beside values of about 1, as trained biases are. */
const BIAS = 0.02;

/** In fp32. The deviation of the weights, [from, to], keeps the size of the values. */
export const linear: Linear = (
  draft,
  module,
  x,
  { from, to },
  output = `${pathOf(module)}/MatMul_output_0`,
) => {
  const weight = draft.weight(`${module}.weight`, [from, to], normal(from ** -0.5));
  return draft.node('MatMul', `${pathOf(module)}/MatMul`, [x, weight], { outputs: [output] });
};

/** Adds the bias of a module to its product. */
export function biased(draft: GraphDraft, module: string, product: string, size: number): string {
  const bias = draft.weight(`${module}.bias`, [size], normal(BIAS));
  return draft.node('Add', `${pathOf(module)}/Add`, [bias, product]);
}
