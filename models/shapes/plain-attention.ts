import { intAttribute } from '../../core/graph/model-builder.ts';
import { intsAttribute } from './attributes.ts';
import { type DecoderSizes, type DecoderTraits, headSize } from './decoder.ts';
import { type GraphDraft, pathOf } from './draft.ts';
import { biased, linear } from './linear.ts';
import type { PlainMask } from './plain-mask.ts';
import { type PlainRotary, turned } from './plain-rotary.ts';

/** Attention of one layer over [batch, sequence, hidden], with its part of the cache, in operators of ONNX alone. */
export function plainAttention(
  draft: GraphDraft,
  sizes: DecoderSizes & Pick<DecoderTraits, 'bias'>,
  layer: number,
  x: string,
  shared: PlainMask & PlainRotary,
): string {
  const { hidden, heads, kvHeads } = sizes;
  const head = headSize(sizes);
  const module = `model.layers.${layer}.self_attn`;
  const at = pathOf(module);
  const swap = { attributes: [intsAttribute('perm', [0, 2, 1, 3])] };

  const inHeads = (name: 'q' | 'k' | 'v', count: number): string => {
    const projection = `${module}.${name}_proj`;
    const product = linear(draft, projection, x, { from: hidden, to: count * head });
    const flat = sizes.bias ? biased(draft, projection, product, count * head) : product;
    const split = draft.node('Reshape', `${at}/Reshape_${name}`, [flat, draft.longs(0, -1, count, head)]);
    return draft.node('Transpose', `${at}/Transpose_${name}`, [split], swap);
  };
  const cached = (name: 'k' | 'v', part: 'key' | 'value', present: string): string =>
    draft.node('Concat', `${at}/Concat_${name}`, [`past_key_values.${layer}.${part}`, present], {
      attributes: [intAttribute('axis', 2)],
      outputs: [`present.${layer}.${part}`],
    });
  // Each head of keys or values once for every head of queries that shares it.
  const repeated = (name: 'k' | 'v', few: string): string => {
    const apart = draft.node('Unsqueeze', `${at}/Unsqueeze_${name}`, [few, draft.longs(2)]);
    const batch = draft.node('Gather', `${at}/Gather_b_${name}`, [shared.idsShape, draft.long(0)]);
    const dims = [
      draft.node('Unsqueeze', `${at}/Unsq_b_${name}`, [batch, draft.longs(0)]),
      draft.longs(kvHeads),
      draft.longs(heads / kvHeads),
      draft.node('Unsqueeze', `${at}/Unsq_t_${name}`, [shared.total, draft.longs(0)]),
      draft.longs(head),
    ];
    const joint = { attributes: [intAttribute('axis', 0)] };
    const shape = draft.node('Concat', `${at}/ConcatShape_${name}`, dims, joint);
    const wide = draft.node('Expand', `${at}/Expand_${name}`, [apart, shape]);
    return draft.node('Reshape', `${at}/ReshapeRep_${name}`, [wide, draft.longs(0, heads, -1, head)]);
  };

  const q = turned(draft, `${at}/rope_q`, inHeads('q', heads), head, shared);
  const newKeys = turned(draft, `${at}/rope_k`, inHeads('k', kvHeads), head, shared);
  const newValues = inHeads('v', kvHeads);
  const k = repeated('k', cached('k', 'key', newKeys));
  const v = repeated('v', cached('v', 'value', newValues));
  const keys = draft.node('Transpose', `${at}/Transpose_kt`, [k], {
    attributes: [intsAttribute('perm', [0, 1, 3, 2])],
  });
  const products = draft.node('MatMul', `${at}/MatMul`, [q, keys]);
  const scores = draft.node('Mul', `${at}/Mul`, [products, draft.float(head ** -0.5)]);
  const masked = draft.node('Add', `${at}/Add`, [scores, shared.mask]);
  const last = { attributes: [intAttribute('axis', 3)] };
  const shares = draft.node('Softmax', `${at}/Softmax`, [masked], last);
  const mixed = draft.node('MatMul', `${at}/MatMul_1`, [shares, v]);
  const back = draft.node('Transpose', `${at}/Transpose_o`, [mixed], swap);
  const joined = draft.node('Reshape', `${at}/Reshape_o`, [back, draft.longs(0, -1, hidden)]);
  return linear(draft, `${module}.o_proj`, joined, { from: hidden, to: hidden });
}
