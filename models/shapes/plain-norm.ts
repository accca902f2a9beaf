import { intAttribute } from '../../core/graph/model-builder.ts';
import { intsAttribute } from './attributes.ts';
import { type GraphDraft, pathOf } from './draft.ts';
import { constant } from './fills.ts';

/** Keeps the root away from zero, as Llama's configuration does. */
export const EPSILON = 1e-5;

/** Root mean square normalisation of [batch, sequence, hidden], written out. */
export function plainNorm(draft: GraphDraft, module: string, x: string, hidden: number): string {
  const at = pathOf(module);
  const weight = draft.weight(`${module}.weight`, [hidden], constant(1));
  const square = draft.node('Pow', `${at}/Pow`, [x, draft.float(2)]);
  const mean = draft.node('ReduceMean', `${at}/ReduceMean`, [square], {
    attributes: [intsAttribute('axes', [2]), intAttribute('keepdims', 1)],
  });
  const above = draft.node('Add', `${at}/Add`, [mean, draft.float(EPSILON)]);
  const root = draft.node('Sqrt', `${at}/Sqrt`, [above]);
  const factor = draft.node('Div', `${at}/Div`, [draft.float(1), root]);
  const scaled = draft.node('Mul', `${at}/Mul`, [x, factor]);
  return draft.node('Mul', `${at}/Mul_1`, [scaled, weight]);
}
