import { type GraphDraft, pathOf } from './draft.ts';
import { normal } from './fills.ts';

/** A matrix product without bias: [..., from] to [..., to]. The deviation keeps the size of the values. */
export function linear(draft: GraphDraft, module: string, x: string, from: number, to: number): string {
  const weight = draft.weight(`${module}.weight`, [from, to], normal(from ** -0.5));
  return draft.node('MatMul', `${pathOf(module)}/MatMul`, [x, weight]);
}
