import { floatAttribute } from './attributes.ts';
import { type GraphDraft, MICROSOFT, pathOf } from './draft.ts';
import { constant } from './fills.ts';
import { EPSILON } from './plain-norm.ts';

/** A residual stream that still lacks its newest part, which the next normalisation adds. */
export interface Residual {
  readonly sum: string;
  /** Null before the first layer. */
  readonly added: string | null;
}

/** Adds what is to be added and normalises by the root mean square: one node that makes both. */
export function fusedNorm(
  draft: GraphDraft,
  module: string,
  { sum, added }: Residual,
  hidden: number,
): { readonly normed: string; readonly sum: string } {
  const weight = draft.weight(`${module}.weight`, [hidden], constant(1));
  const attributes = [floatAttribute('epsilon', EPSILON)];
  if (added === null) {
    const normed = draft.node('SimplifiedLayerNormalization', `${pathOf(module)}/LayerNorm`, [sum, weight], {
      attributes,
    });
    return { normed, sum };
  }
  const at = `${pathOf(module)}/SkipLayerNorm`;
  // Between the two are mean and variance, which only training reads.
  const outputs = [`${at}/output_0`, '', '', `${at}/output_3`];
  const normed = draft.node('SkipSimplifiedLayerNormalization', at, [sum, added, weight], {
    attributes,
    outputs,
    domain: MICROSOFT,
  });
  return { normed, sum: `${at}/output_3` };
}
