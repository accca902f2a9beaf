import { type DecoderSizes, type DecoderTraits, declareDecoder } from './decoder.ts';
import { embedding, head } from './decoder-head.ts';
import { GraphDraft, pathOf } from './draft.ts';
import { gatedMlp } from './gated-mlp.ts';
import { linear } from './linear.ts';
import { plainAttention } from './plain-attention.ts';
import { plainMask } from './plain-mask.ts';
import { plainNorm } from './plain-norm.ts';
import { plainRotary } from './plain-rotary.ts';

/** A Llama-style decoder in operators of ONNX alone, named as optimum's exports of transformers are. */
export function plainDecoder(sizes: DecoderSizes, { tied, bias }: DecoderTraits): GraphDraft {
  const { hidden, layers } = sizes;
  const draft = new GraphDraft();
  declareDecoder(draft, sizes);
  let x = embedding(draft, sizes);
  const shared = { ...plainRotary(draft, sizes), ...plainMask(draft) };
  for (let layer = 0; layer < layers; layer++) {
    const module = `model.layers.${layer}`;
    const outer = plainNorm(draft, `${module}.input_layernorm`, x, hidden);
    const attended = plainAttention(draft, { ...sizes, bias }, layer, outer, shared);
    x = draft.node('Add', `${pathOf(module)}/Add`, [x, attended]);
    const inner = plainNorm(draft, `${module}.post_attention_layernorm`, x, hidden);
    const made = gatedMlp(draft, `${module}.mlp`, inner, sizes, linear);
    x = draft.node('Add', `${pathOf(module)}/Add_1`, [x, made]);
  }
  head(draft, sizes, plainNorm(draft, 'model.norm', x, hidden), tied);
  return draft;
}
