import type { DecoderSizes } from './decoder.ts';
import { type GraphDraft, pathOf } from './draft.ts';
import type { Linear } from './linear.ts';

/** down(silu(gate(x)) * up(x)), with products of the given kind. */
export function gatedMlp(
  draft: GraphDraft,
  module: string,
  x: string,
  { hidden, mlp }: Pick<DecoderSizes, 'hidden' | 'mlp'>,
  product: Linear,
): string {
  const at = pathOf(module);
  const gate = product(draft, `${module}.gate_proj`, x, { from: hidden, to: mlp });
  const sigmoid = draft.node('Sigmoid', `${at}/act_fn/Sigmoid`, [gate]);
  const silu = draft.node('Mul', `${at}/act_fn/Mul`, [gate, sigmoid]);
  const up = product(draft, `${module}.up_proj`, x, { from: hidden, to: mlp });
  const gated = draft.node('Mul', `${at}/Mul`, [silu, up]);
  return product(draft, `${module}.down_proj`, gated, { from: mlp, to: hidden });
}
