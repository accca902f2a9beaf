import { intsAttribute } from './attributes.ts';
import { type DecoderSizes, declareDecoder } from './decoder.ts';
import { GraphDraft, pathOf } from './draft.ts';
import { normal } from './fills.ts';
import { linear } from './linear.ts';
import { plainAttention } from './plain-attention.ts';
import { plainMask } from './plain-mask.ts';
import { plainNorm } from './plain-norm.ts';
import { plainRotary } from './plain-rotary.ts';

/** A Llama-style decoder in operators of ONNX alone, named as optimum's exports of transformers are. */
export function plainDecoder(sizes: DecoderSizes, tied: boolean): GraphDraft {
  const { hidden, vocab, layers, mlp } = sizes;
  const draft = new GraphDraft();
  declareDecoder(draft, sizes);
  const table = draft.weight('model.embed_tokens.weight', [vocab, hidden], normal(hidden ** -0.5));
  let x = draft.node('Gather', '/model/embed_tokens/Gather', [table, 'input_ids']);
  const shared = { ...plainRotary(draft, sizes), ...plainMask(draft) };
  for (let layer = 0; layer < layers; layer++) {
    const module = `model.layers.${layer}`;
    const outer = plainNorm(draft, `${module}.input_layernorm`, x, hidden);
    const attended = plainAttention(draft, sizes, layer, outer, shared);
    x = draft.node('Add', `${pathOf(module)}/Add`, [x, attended]);
    const inner = plainNorm(draft, `${module}.post_attention_layernorm`, x, hidden);
    const made = gatedMlp(draft, `${module}.mlp`, inner, hidden, mlp);
    x = draft.node('Add', `${pathOf(module)}/Add_1`, [x, made]);
  }
  x = plainNorm(draft, 'model.norm', x, hidden);
  // Exporters keep one copy of a tied matrix and turn it round.
  const head = tied
    ? draft.node('Transpose', '/lm_head/Transpose', [table], { attributes: [intsAttribute('perm', [1, 0])] })
    : draft.weight('lm_head.weight', [hidden, vocab], normal(hidden ** -0.5));
  draft.node('MatMul', '/lm_head/MatMul', [x, head], { outputs: ['logits'] });
  return draft;
}

function gatedMlp(draft: GraphDraft, module: string, x: string, hidden: number, mlp: number): string {
  const at = pathOf(module);
  const gate = linear(draft, `${module}.gate_proj`, x, hidden, mlp);
  const sigmoid = draft.node('Sigmoid', `${at}/act_fn/Sigmoid`, [gate]);
  const silu = draft.node('Mul', `${at}/act_fn/Mul`, [gate, sigmoid]);
  const up = linear(draft, `${module}.up_proj`, x, hidden, mlp);
  const gated = draft.node('Mul', `${at}/Mul`, [silu, up]);
  return linear(draft, `${module}.down_proj`, gated, mlp, hidden);
}
